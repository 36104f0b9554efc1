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
                every_command_in_every_state_matches_the_table;
            create:
                a_secret_is_taken_exactly_as_it_was_created
                a_second_create_of_an_id_fails_alone_and_the_first_stays
                a_create_that_fails_alone_leaves_no_rows
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
                attempts_at_one_secret_do_not_count_against_another
                the_passphrase_of_another_secret_is_wrong
                a_batch_checks_passphrases_in_order
                the_last_attempt_counts_within_a_batch
                the_right_passphrase_has_one_winner_among_many_callers
                each_attempt_is_counted_once_among_many_wrong_passphrases;
            repeat:
                a_repeat_is_found_under_any_of_several_keys_of_the_server
                a_repeat_is_possible_until_the_instant_its_time_is_up
                acknowledge_ends_a_repeat_until_the_instant_its_time_is_up
                no_repeat_is_possible_from_the_instant_of_expiry_on
                a_store_without_a_repeat_window_keeps_no_repeat
                one_of_many_keys_gets_the_secret_and_all_its_repeats;
            receipt:
                a_receipt_reports_how_and_when_its_secret_ended
                a_receipt_is_pending_until_the_instant_of_expiry
                revoke_burns_until_the_instant_of_expiry
                a_receipt_is_found_under_any_of_several_candidates
                a_receipt_is_kept_after_the_end_as_long_as_the_rules_say
                a_receipt_is_kept_after_the_expiry_as_long_as_the_rules_say
                a_receipt_is_kept_as_long_as_its_secret_lives
                purge_deletes_receipts_that_were_kept_long_enough_and_no_others
                a_revoke_reports_the_burn_even_if_no_receipt_is_kept;
            watch:
                a_watch_is_notified_of_a_take
                a_watch_is_notified_of_a_burn
                a_watch_is_notified_of_a_revoke
                a_watch_is_notified_of_the_last_wrong_passphrase
                a_watch_is_not_notified_of_messages_that_end_nothing
                a_watch_is_not_notified_of_other_secrets
                a_watch_is_not_notified_of_the_expiry
                a_watch_waits_under_any_of_several_candidates
                all_watches_of_a_secret_are_notified_of_its_end
                a_watch_is_notified_of_an_end_in_its_own_batch
                abandoned_watches_do_not_block_others
                a_watch_fails_when_the_store_closes;
            creation:
                a_retry_stores_nothing
                a_retry_in_the_same_batch_gets_the_first_answer
                one_of_many_creates_with_the_same_key_is_stored
                a_creation_is_remembered_until_its_deadline_and_then_created_anew
                a_creation_is_found_under_any_of_several_keys_of_the_server
                a_creation_is_remembered_after_a_restart;
            race:
                exactly_one_racer_ends_the_secret
                exactly_one_racer_in_a_batch_ends_the_secret
                exactly_one_racing_thread_ends_the_secret;
            expiry:
                take_finds_a_secret_until_the_instant_it_expires
                the_right_passphrase_opens_until_the_instant_of_expiry
                a_wrong_passphrase_counts_until_the_instant_of_expiry
                peek_finds_a_secret_until_the_instant_it_expires
                burn_finds_a_secret_until_the_instant_it_expires
                purge_leaves_a_secret_until_the_instant_it_expires;
            clock:
                a_jump_forward_hides_expired_secrets_but_deletes_none
                a_secret_created_after_a_jump_forward_keeps_its_lifetime
                secrets_expired_by_a_jump_are_deleted_once_it_is_followed
                a_jump_back_revives_no_expired_secret
                clock_jumps_do_not_change_the_repeat_window
                a_repeat_ends_when_the_wall_clock_passes_the_expiry;
            purge:
                purge_deletes_the_expired_and_leaves_the_living
                purge_deletes_in_portions_and_says_when_it_is_complete
                purge_deletes_large_secrets_a_few_at_a_time
                a_purge_deletes_what_was_stored_since_the_last_one_and_more
                creations_are_refused_while_purges_are_behind
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
                a_survey_reads_one_portion_at_a_time
                a_survey_counts_remaining_secrets_once_despite_concurrent_changes
                a_survey_changes_nothing;
            load:
                the_mailbox_has_its_full_capacity_from_the_start
                a_full_queue_refuses_at_once_and_keeps_what_it_accepted
                each_of_many_creates_is_either_stored_or_refused
                a_cancelled_call_is_not_run
                a_cancelled_take_consumes_nothing
                ping_succeeds_while_the_queue_is_full
                many_pings_at_once_all_succeed
                an_unresponsive_store_is_unhealthy
                concurrent_health_checks_share_one_ping
                cancelled_health_checks_queue_at_most_one_ping
                a_recent_commit_answers_a_health_check
                a_ping_flushes_no_batch
                purge_runs_while_the_queue_is_full
                survey_runs_while_the_queue_is_full;
            metrics:
                the_metrics_count_how_secrets_ended_in_a_store
                a_create_that_fails_alone_is_not_counted
                living_secrets_are_counted_exactly_despite_concurrent_changes
                the_length_of_the_queue_is_reported
                the_messages_of_a_batch_are_counted
                the_purge_lag_is_the_age_of_the_oldest_unpurged_row
                the_purge_lag_covers_rows_that_expire_between_two_purges
                the_purge_lag_persists_until_a_purge_is_complete;
            lifecycle:
                close_finishes_earlier_messages
                after_close_every_call_is_refused
                a_watch_sent_after_a_close_is_refused
                a_closed_store_ends;
        }
    };
}

mod on_sqlite {
    contract!(crate::sqlite::Sqlite);
}
