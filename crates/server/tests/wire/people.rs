//! What operators do for users beside their accounts: contacts, notices, and who may speak to everybody.

use crate::house::House;
use anyhow::{Context, Result};

/// The words of a command for this user.
fn of<'a>(house: &'a House, words: &[&'a str], username: &'a str, options: &[&'a str]) -> Vec<&'a str> {
    [words, &["--app", &house.app.key, "--username", username][..], options].concat()
}

async fn done(house: &House, arguments: &[&str]) -> Result<String> {
    house.ask(arguments).await?.map_err(anyhow::Error::msg)
}

/// Each of these fails, and says why.
async fn complaints(house: &House, wrong: &[(Vec<&str>, &str)]) -> Result<()> {
    for (arguments, complaint) in wrong {
        let said = house.operate(arguments).await?.err();
        let said = said.with_context(|| format!("{arguments:?} was taken"))?;
        assert!(said.contains(complaint), "{arguments:?}: {said}");
    }
    Ok(())
}

#[tokio::test]
async fn contacts_are_added_moved_listed_and_removed_while_the_server_runs() -> Result<()> {
    let house = House::new().await?;
    let _server = house.serve(&[]).await?;
    let add = |other, options: &[&'static str]| {
        of(&house, &["contact", "add"], "alice001", &[&["--other", other], options].concat())
    };
    let list = of(&house, &["contact", "list"], "alice001", &[]);
    assert_eq!(done(&house, &list).await?, "");
    done(&house, &add("bobby001", &["--group", "朋友"])).await?;
    done(&house, &add("bobby002", &[])).await?;
    let lines = |listed: String| -> Vec<Vec<String>> {
        let parts = listed.lines().map(|line| line.split('\t').skip(1).map(str::to_owned).collect());
        parts.collect()
    };
    let listed = lines(done(&house, &list).await?);
    assert_eq!(listed, [["bobby001", "bobby001", "朋友"], ["bobby002", "bobby002", ""]]);
    done(&house, &add("bobby001", &["--group", "work"])).await?;
    done(&house, &of(&house, &["contact", "remove"], "alice001", &["--other", "bobby002"])).await?;
    assert_eq!(lines(done(&house, &list).await?), [["bobby001", "bobby001", "work"]]);
    let of_bobby = of(&house, &["contact", "list"], "bobby001", &[]);
    assert_eq!(done(&house, &of_bobby).await?, "", "the other one's list is its own");

    let wrong = [
        (add("nobody", &[]), "contact nobody of alice001: no such user"),
        (add("bobby001", &["--group", "a,b"]), "group has a character that is not allowed"),
        (of(&house, &["contact", "list"], "nobody", &[]), "user nobody: no such user"),
        (of(&house, &["contact", "add"], "alice001", &[]), "--other"),
    ];
    complaints(&house, &wrong).await
}

#[tokio::test]
async fn a_notice_is_kept_for_its_user() -> Result<()> {
    let house = House::new().await?;
    let _server = house.serve(&[]).await?;
    let add = |options: &[&'static str]| of(&house, &["notice", "add"], "alice001", options);
    done(&house, &add(&["--text", "Susan wants to be friends with you.", "--link", "/s?id=5"])).await?;
    done(&house, &add(&["--text", "你好"])).await?;
    let database = house.database()?;
    let mut kept = database
        .prepare("SELECT u.name, n.text, n.link FROM notice n JOIN user u ON u.id = n.user ORDER BY n.id")?;
    let kept = kept.query_map([], |row| Ok([row.get(0)?, row.get(1)?, row.get(2)?]))?;
    let kept = kept.collect::<Result<Vec<[String; 3]>, _>>()?;
    assert_eq!(
        kept,
        [["alice001", "Susan wants to be friends with you.", "/s?id=5"], ["alice001", "你好", ""]]
    );
    let wrong = [
        (add(&["--text", ""]), "text must have 1 to 1000 bytes"),
        (add(&["--text", "x", "--link", "javascript:alert(1)"]), "link must begin with http://"),
        (add(&["--text", "x", "--link", "/\n"]), "link has a character that is not allowed"),
        (add(&[]), "--text"),
        (of(&house, &["notice", "add"], "nobody", &["--text", "x"]), "user nobody: no such user"),
    ];
    complaints(&house, &wrong).await
}

#[tokio::test]
async fn a_user_may_speak_to_everybody_from_one_command_to_the_other() -> Result<()> {
    let house = House::new().await?;
    let may = || -> Result<Vec<String>> {
        let database = house.database()?;
        let mut statement = database.prepare("SELECT name FROM user WHERE broadcasts")?;
        let names = statement.query_map([], |row| row.get(0))?;
        Ok(names.collect::<Result<_, _>>()?)
    };
    assert_eq!(may()?, [""; 0]);
    done(&house, &of(&house, &["user", "allow-broadcast"], "alice001", &[])).await?;
    assert_eq!(may()?, ["alice001"]);
    done(&house, &of(&house, &["user", "deny-broadcast"], "alice001", &[])).await?;
    assert_eq!(may()?, [""; 0]);
    let nobody = of(&house, &["user", "allow-broadcast"], "nobody", &[]);
    complaints(&house, &[(nobody, "user nobody: no such user")]).await
}
