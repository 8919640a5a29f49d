//! What users show of themselves, and how operators set it.

use crate::house::House;
use anyhow::{Context, Result};
use jmessage_testkit::{Client, Process};
use serde_json::{Value, json};

/// Edits bobby001 with these options.
async fn edit(house: &House, options: &[&str]) -> Result<Result<(), String>> {
    let user = ["user", "edit", "--app-key", &house.app.key, "--username", "bobby001"];
    house.operate(&[&user[..], options].concat()).await
}

async fn alone() -> Result<(House, Process, Client)> {
    let house = House::new().await?;
    let server = house.serve(&[]).await?;
    let alice = house.enter(&server, "alice001").await?;
    Ok((house, server, alice))
}

#[tokio::test]
async fn a_profile_has_the_fields_of_the_seed_once_they_are_set() -> Result<()> {
    let (house, _server, mut alice) = alone().await?;
    let bobby = json!({ "username": "bobby001" });
    let mut before = alice.call("getUserInfo", bobby.clone()).await?;
    let created = before["ctime"].clone();
    let time = before.as_object_mut().and_then(|user| user.remove("mtime"));
    assert_eq!(time.as_ref(), Some(&created));
    assert_eq!(before, json!({ "username": "bobby001", "nickname": "bobby001", "ctime": created }));

    let options = [
        ("--nickname", "Tom Chick"),
        ("--avatar", "qiniu/image/uipreqfdsakl"),
        ("--gender", "0"),
        ("--star", "2"),
        ("--signature", "I am a ..."),
        ("--region", "深圳"),
        ("--address", "南山区"),
    ];
    let options: Vec<_> = options.iter().flat_map(|(name, value)| [*name, *value]).collect();
    edit(&house, &options).await?.map_err(anyhow::Error::msg)?;
    let mut expected = json!({
        "username": "bobby001",
        "nickname": "Tom Chick",
        "star": 2,
        "avatar": "qiniu/image/uipreqfdsakl",
        "gender": 0,
        "signature": "I am a ...",
        "region": "深圳",
        "address": "南山区",
        "ctime": created,
    });
    let mut after = alice.call("getUserInfo", bobby.clone()).await?;
    let modified = after.as_object_mut().and_then(|user| user.remove("mtime")).context("no mtime")?;
    assert!(modified.as_str() >= created.as_str(), "{modified} is not before {created}");
    assert_eq!(after, expected);

    let made = alice.call("createGroup", json!({ "groupName": "tGroup" })).await?;
    let gid = &made["gid"];
    let add = json!({ "groupId": gid, "memberUsernames": ["bobby001"] });
    alice.call("addGroupMembers", add).await?;
    let info = alice.call("getGroupInfo", json!({ "groupId": gid })).await?;
    expected["flag"] = 0.into();
    expected["mtime"] = modified;
    assert_eq!(info["members"][1], expected, "a member shows what a user shows, and its flag");

    edit(&house, &["--signature", "", "--gender", "2"]).await?.map_err(anyhow::Error::msg)?;
    let cleared = alice.call("getUserInfo", bobby).await?;
    assert_eq!((cleared.get("signature"), &cleared["gender"]), (None, &json!(2)));
    Ok(())
}

#[tokio::test]
async fn a_profile_outside_its_limits_is_refused_by_name() -> Result<()> {
    let house = House::new().await?;
    let (nickname, text) = ("x".repeat(65), "y".repeat(251));
    let wrong = [
        (vec!["--nickname", &nickname], "nickname must have 0 to 64 bytes"),
        (vec!["--signature", &text], "signature must have 0 to 250 bytes"),
        (vec!["--region", &text], "region must have 0 to 250 bytes"),
        (vec!["--address", &text], "address must have 0 to 250 bytes"),
        (vec!["--avatar", "https://elsewhere.example/a.png"], "avatar has a character that is not allowed"),
        (vec!["--gender", "3"], "gender must be 0, 1 or 2"),
        (vec![], "required"),
    ];
    for (options, complaint) in wrong {
        let said = edit(&house, &options).await?.err().with_context(|| format!("{options:?} was taken"))?;
        assert!(said.contains(complaint), "{options:?}: {said}");
    }
    let nobody = ["user", "edit", "--app-key", &house.app.key, "--username", "nobody", "--star", "1"];
    assert!(house.operate(&nobody).await?.is_err_and(|said| said.contains("no such user")));
    Ok(())
}

/// An operator's command is a process of its own. The server that runs tells the new name from the next message on;
/// who is logged in writes under the old one until the next login.
#[tokio::test]
async fn a_new_nickname_reaches_a_server_that_runs() -> Result<()> {
    let (house, server, mut alice) = alone().await?;
    let mut bobby = house.enter(&server, "bobby001").await?;
    alice.say("bobby001", "hello").await?;
    let name =
        |json: &str, field: &str| Ok::<_, anyhow::Error>(serde_json::from_str::<Value>(json)?[field].clone());
    assert_eq!(name(&bobby.hear().await?.json, "target_name")?, "bobby001");

    edit(&house, &["--nickname", "鲍比"]).await?.map_err(anyhow::Error::msg)?;
    alice.say("bobby001", "hello").await?;
    assert_eq!(name(&bobby.hear().await?.json, "target_name")?, "鲍比");
    bobby.say("alice001", "hello").await?;
    assert_eq!(name(&alice.hear().await?.json, "from_name")?, "bobby001");
    let mut bobby = house.enter(&server, "bobby001").await?;
    bobby.say("alice001", "hello").await?;
    assert_eq!(name(&alice.hear().await?.json, "from_name")?, "鲍比");
    Ok(())
}
