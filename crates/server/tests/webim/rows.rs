//! A test for each row of a document, under the name of its row.

/// Tests, each with the rows of a document that it is for. The rows of all of them are in `ROWS`, for the test that looks
/// whether one is missing.
macro_rules! rows {
    ($($(#[$attribute:meta])* async fn $name:ident($($row:literal),+) $body:block)*) => {
        pub(crate) const ROWS: &[&str] = &[$($($row),+),*];
        $(
            $(#[$attribute])*
            #[tokio::test]
            async fn $name() -> anyhow::Result<()> {
                $body
                Ok(())
            }
        )*
    };
}
