//! The contract of every store. Each promise is written once for any backend; `contract!` instantiates
//! the tests for one.

mod clock;
mod create;
mod creation;
mod expiry;
mod lifecycle;
mod load;
mod metrics;
mod passphrase;
mod purge;
mod race;
mod receipt;
mod repeat;
mod survey;
mod table;
mod take;
mod watch;

macro_rules! tests_of {
    ($backend:ty: $($file:ident: $($test:ident)*;)*) => { $($(
        #[actix_web::test]
        async fn $test() {
            crate::contract::$file::$test::<$backend>().await;
        }
    )*)* };
}

macro_rules! contract {
    ($backend:ty) => {
        tests_of! { $backend:
            table:
                every_command_in_every_state_does_what_the_table_says;
            create:
                a_secret_is_taken_exactly_as_it_was_created
                a_second_create_of_an_id_fails_alone_and_the_first_stays
                a_create_that_fails_alone_leaves_nothing_beside_the_first
                a_batch_runs_in_the_order_of_its_messages
                all_concurrent_creates_are_stored;
            take:
                take_returns_a_secret_once_among_many_racers
                take_and_burn_of_one_secret_have_one_winner
                take_finds_a_secret_under_any_of_several_candidates
                take_of_several_candidates_deletes_one
                burn_of_several_candidates_deletes_one
                nothing_is_found_without_candidates;
            passphrase:
                a_secret_has_as_many_attempts_as_when_it_was_created
                attempts_at_one_secret_do_not_count_at_another
                the_passphrase_of_another_secret_is_wrong
                a_batch_checks_each_passphrase_in_its_turn
                the_last_attempt_counts_within_a_batch
                the_right_passphrase_has_one_winner_among_many_callers
                each_attempt_is_counted_once_among_many_wrong_passphrases;
            repeat:
                a_repeat_is_found_under_any_of_several_keys_of_the_server
                a_repeat_is_possible_until_the_instant_its_time_is_up
                acknowledge_ends_a_repeat_until_the_instant_its_time_is_up
                no_repeat_is_possible_from_the_instant_of_expiry_on
                a_store_that_keeps_nothing_for_repeats_keeps_nothing
                of_many_keys_one_gets_the_secret_and_all_its_repeats;
            receipt:
                a_receipt_tells_the_end_and_its_time
                a_receipt_is_pending_until_the_instant_of_expiry
                revoke_burns_until_the_instant_of_expiry
                a_receipt_is_found_under_any_of_several_candidates
                a_receipt_is_kept_after_the_end_as_long_as_the_rules_say
                a_receipt_is_kept_after_the_expiry_as_long_as_the_rules_say
                a_living_secrets_receipt_is_kept_however_long_it_lives
                purge_deletes_receipts_that_were_kept_long_enough_and_no_others
                a_burn_by_a_receipt_that_is_kept_no_longer_tells_that_it_burned;
            watch:
                a_watch_hears_of_a_take
                a_watch_hears_of_a_burn
                a_watch_hears_of_a_revoke
                a_watch_hears_of_the_last_wrong_passphrase
                a_watch_does_not_hear_of_what_ends_nothing
                a_watch_does_not_hear_of_other_secrets
                a_watch_does_not_hear_of_the_expiry
                a_watch_waits_under_any_of_several_candidates
                all_watches_of_a_secret_are_notified_of_its_end
                a_watch_hears_of_an_end_in_the_batch_that_gathers
                watches_that_are_given_up_hinder_no_others
                a_watch_hears_that_the_store_has_closed;
            creation:
                a_retry_stores_nothing
                a_retry_in_the_same_batch_is_told_of_the_first
                of_many_creates_with_one_key_one_is_stored
                a_creation_is_remembered_until_its_instant_and_then_made_anew
                a_creation_is_found_under_any_of_several_keys_of_the_server
                a_creation_is_remembered_after_a_restart;
            race:
                of_all_racers_one_ends_the_secret
                of_all_racers_in_a_batch_one_ends_the_secret
                of_all_racing_threads_one_ends_the_secret;
            expiry:
                take_finds_a_secret_until_the_instant_it_expires
                the_right_passphrase_opens_until_the_instant_of_expiry
                a_wrong_passphrase_counts_until_the_instant_of_expiry
                peek_finds_a_secret_until_the_instant_it_expires
                burn_finds_a_secret_until_the_instant_it_expires
                purge_leaves_a_secret_until_the_instant_it_expires;
            clock:
                a_jump_forward_hides_what_expires_by_it_and_has_nothing_deleted
                what_is_created_after_a_jump_forward_lives
                a_jump_that_is_followed_has_what_expires_by_it_deleted
                a_jump_back_brings_nothing_back
                a_repeat_is_possible_for_as_long_whatever_the_clock_does
                a_repeat_does_not_outlive_the_expiry_by_either_clock;
            purge:
                purge_deletes_the_expired_and_leaves_the_living
                purge_deletes_in_portions_and_says_when_it_is_complete
                purge_deletes_large_secrets_a_few_at_a_time
                purge_deletes_large_repeats_a_few_at_a_time
                purge_deletes_repeats_in_portions
                purge_deletes_receipts_in_portions
                purge_deletes_creations_in_portions
                purge_leaves_a_receipt_until_its_time_is_up
                purge_leaves_a_repeat_until_its_time_is_up
                purge_leaves_a_creation_until_its_time_is_up;
            survey:
                a_survey_counts_the_secrets_under_unknown_keys
                a_survey_counts_no_secret_that_has_ended
                a_survey_looks_at_a_portion_at_a_time
                a_survey_counts_what_stays_once_whatever_comes_and_goes
                a_survey_changes_nothing;
            load:
                a_store_has_all_its_room_from_the_start
                a_full_queue_refuses_at_once_and_keeps_what_it_accepted
                each_of_many_creates_is_either_stored_or_refused
                nothing_is_run_for_a_cancelled_call
                a_cancelled_take_consumes_nothing
                ping_succeeds_while_the_queue_is_full
                many_pings_at_once_all_succeed
                a_store_that_does_not_answer_is_not_healthy
                concurrent_health_checks_share_one_ping
                cancelled_health_checks_queue_at_most_one_ping
                a_recent_commit_answers_a_health_check
                a_ping_flushes_no_batch
                purge_has_its_turn_while_the_queue_is_full
                survey_has_its_turn_while_the_queue_is_full;
            metrics:
                the_metrics_count_how_secrets_ended_in_a_store
                a_create_that_fails_alone_is_not_counted
                the_living_are_counted_whatever_comes_and_goes_meanwhile
                the_length_of_the_queue_is_reported
                the_messages_of_a_batch_are_counted
                the_purge_lag_is_the_age_of_the_oldest_unpurged_row
                what_comes_and_ends_between_two_purges_is_told_by_its_age
                a_purge_that_leaves_something_tells_its_age;
            lifecycle:
                close_finishes_what_was_sent_before
                after_close_every_call_is_refused
                a_watch_is_refused_behind_the_close
                a_closed_store_ends;
        }
    };
}

mod on_sqlite {
    contract!(crate::sqlite::Sqlite);
}
