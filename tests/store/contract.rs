//! What every store promises. Each promise is written once, for any backend; `contract!` makes the
//! tests of one backend of them.

mod create;
mod expiry;
mod lifecycle;
mod load;
mod purge;
mod take;

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
            create:
                a_secret_is_taken_exactly_as_it_was_created
                a_second_create_of_an_id_fails_alone_and_the_first_stays
                a_batch_runs_in_the_order_of_its_messages
                as_much_is_created_as_is_sent_at_once;
            take:
                take_returns_a_secret_once_among_many_racers
                take_and_burn_of_one_secret_have_one_winner
                take_finds_a_secret_under_any_of_several_candidates
                take_of_several_candidates_deletes_one
                peek_tells_the_expiry_and_leaves_the_secret
                burn_deletes_and_says_whether_there_was_something
                burn_of_several_candidates_deletes_one
                nothing_is_found_without_candidates;
            expiry:
                take_finds_a_secret_until_the_instant_it_expires
                peek_finds_a_secret_until_the_instant_it_expires
                burn_finds_a_secret_until_the_instant_it_expires
                purge_leaves_a_secret_until_the_instant_it_expires;
            purge:
                purge_deletes_the_expired_and_leaves_the_living
                purge_deletes_in_portions_and_says_when_it_is_complete
                purge_deletes_large_secrets_a_few_at_a_time;
            load:
                a_store_has_all_its_room_from_the_start
                a_full_queue_refuses_at_once_and_keeps_what_it_accepted
                each_of_many_creates_is_either_stored_or_refused
                nothing_is_run_for_a_caller_who_has_gone
                ping_succeeds_while_the_queue_is_full
                many_pings_at_once_all_succeed
                ping_fails_when_the_store_does_not_answer
                purge_has_its_turn_while_the_queue_is_full;
            lifecycle:
                what_was_created_is_there_after_a_restart
                what_was_deleted_is_gone_after_a_restart
                close_finishes_what_was_sent_before
                after_close_every_call_is_refused
                a_closed_store_ends;
        }
    };
}

mod on_sqlite {
    contract!(crate::sqlite::Sqlite);
}
