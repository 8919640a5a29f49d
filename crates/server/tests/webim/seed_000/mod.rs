//! Seed 000, row by row.

mod answers;
mod buddies;
mod calls;
mod history;
mod messages;
mod notices;
mod online;
mod rooms;
mod settings;
mod users;

/// The rows that have a test.
pub(crate) fn rows() -> Vec<&'static str> {
    [
        answers::ROWS,
        buddies::ROWS,
        calls::ROWS,
        history::ROWS,
        messages::ROWS,
        notices::ROWS,
        online::ROWS,
        rooms::ROWS,
        settings::ROWS,
        users::ROWS,
    ]
    .concat()
}
