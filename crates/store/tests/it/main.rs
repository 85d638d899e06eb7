//! The store's contract, told as stories. Each story runs on SQLite (a test each) and, all of
//! them in one test, on a PostgreSQL server that the test starts.

mod beside;
mod inference;
mod kit;
mod power;
mod search;
mod seeing;
mod upkeep;
mod writing;

use std::future::Future;
use std::pin::Pin;

use testkit::Place;

type Story = (&'static str, fn(Place) -> Pin<Box<dyn Future<Output = ()> + Send>>);

macro_rules! stories {
    ($($module:ident: $($story:ident)*;)*) => {
        mod sqlite {
            $(mod $module {
                $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $story() {
                    crate::$module::$story(testkit::Place::sqlite(crate::kit::projector())).await;
                })*
            })*
        }

        const STORIES: &[Story] = &[
            $($((concat!(stringify!($module), "::", stringify!($story)), |place| Box::pin($module::$story(place))),)*)*
        ];
    };
}

stories! {
    search:
        strings_match_by_prefix_whole_and_inside
        tokens_match_by_system_and_code
        references_match_in_all_their_forms
        dates_compare_as_ranges
        numbers_and_quantities_compare
        a_composite_asks_for_one_occurrence
        uris_match_whole_below_and_above
        chains_and_has_pass_only_through_what_is_visible
        common_parameters_and_all_types
        what_changes_is_found_anew
        a_page_follows_another_while_others_write
        a_cursor_belongs_to_its_question
        sizes_and_totals
        includes_come_once_and_only_when_visible
        of_many_conditional_creates_one_is_made;
    writing:
        what_is_written_is_read_back_byte_for_byte
        what_grew_past_the_limit_by_its_meta_stays_readable
        a_deletion_keeps_the_versions
        expectations_are_judged_inside_the_commit
        a_commit_is_whole_or_nothing
        later_changes_see_earlier_ones
        time_never_goes_back
        text_that_is_no_resource_is_refused
        the_feed_has_no_gap_under_concurrency
        two_processes_share_a_store
        what_was_committed_is_there_after_reopening;
    seeing:
        facts_decide_what_is_seen
        facts_follow_the_current_version
        a_share_shows_no_version_from_before_it
        history_pages_from_the_newest;
    beside:
        private_records_are_versioned_and_end
        private_records_and_resources_commit_together
        jobs_run_once_and_come_back_when_they_fail
        a_job_is_claimed_by_one
        blobs_are_kept_by_content
        reads_leave_a_chain;
    upkeep:
        a_sound_store_has_no_findings
        rebuilding_while_writing_leaves_a_sound_store
        a_backup_restores_to_either_back_end
        a_damaged_backup_is_refused_before_anything_is_touched;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_story_on_postgres() {
    for (name, story) in STORIES {
        println!("{name}");
        story(Place::postgres(kit::projector())).await;
    }
}
