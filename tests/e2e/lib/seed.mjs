// The published interface as lists: every call with its callbacks, and every field of every answer.

const USER = ["username", "nickname", "star", "avatar", "gender", "signature", "region", "address", "mtime", "ctime"];
const SUMMARY = ["groupName", "groupDescription", "groupLevel", "flag", "gid"];
const REFUSED = ["fail · code", "fail · message"];
const SENT = ["idGenerated · rid", "success · rid", ...REFUSED, "fail · rid"];

const of = (call, ...parts) => parts.flat().map((part) => `${call} · ${part}`);
const camel = (name) => name.replace(/_(.)/g, (_, letter) => letter.toUpperCase());

/** What a page must have checked, by name; `spell` writes the keys of messages and events. */
function names(spell) {
  const message = ["version", "target_type", "target_id", "target_name", "from_type", "from_id", "from_name"];
  const body = (...keys) => keys.map((key) => `${spell("msg_body")} · ${key}`);
  return [
    ...of("config", "leads to ready"),
    ...of("ready", "is called"),
    ...of("error", "code", "message"),
    ...of("onConnected", "is called"),
    ...of("onDisconnected", "is called"),
    ...of("login", "success", REFUSED),
    ...of("logout", "ends the session"),
    ...of("getUserInfo", USER, REFUSED),
    ...of("sendTextMessage", SENT, "to a group"),
    ...of("sendImageMessage", SENT),
    ...of("resendMessage", "success · rid", REFUSED, "fail · rid"),
    ...of("onMessageReceived", [...message, "msg_type"].map(spell), body("text")),
    ...of("onMessageReceived", body("media_id", "media_crc32", "width", "height", "format", "fsize")),
    ...of("onMessageReceived", body("media_id of a voice", "media_crc32 of a voice", "duration", "format of a voice", "fsize of a voice")),
    ...of("onEventReceived", [...["event_type", "from_username", "gid", "to_username_list"].map(spell), "description", "ctime"]),
    ...of("createGroup", SUMMARY),
    ...of("getGroupInfo", "gid", "ownerUsername", "groupName", "groupDesc", "members", USER.map((name) => `members · ${name}`), "fail · code"),
    ...of("updateGroupInfo", SUMMARY, "fail · code"),
    ...of("addGroupMembers", "success", "fail · code"),
    ...of("removeGroupMembers", "success", "fail · code"),
    ...of("exitGroup", "success", "fail · code"),
    "no error reaches window.onerror",
    "no promise is left rejected",
    ...of("getGroupList", "gid", "ownerUsername", "groupName", "groupDesc", "membersUsername", REFUSED),
  ];
}

/** For the page of 2015, whose keys are camelCase. */
export const NAMES_2015 = [
  ...names(camel),
  "onMessageReceived · createTime is in seconds",
  ...["version", "debug", "requestTimeOut", "url", "httpServerUrl"],
  ...of("onEventReceived", "create_group is 8", "exit_group is 9", "remove_members is 11", "the end of a group"),
  ...of("notification", "code", "message"),
  ...of("QiNiuMediaUrl", "the picture itself", "?imageView2/0/w/200/h/200", "?imageInfo"),
  "UpYunImageMediaUrl · ?imageView2/1/w/38/h/38",
  "UpYunVoiceMediaUrl · media_id + .mp3 plays",
];

/** For the page of the published samples. */
export const NAMES_OF_THE_SAMPLES = [
  ...names((name) => name),
  "onMessageReceived · create_time",
  "onMessageReceived · msg_body",
  ...of("onEventReceived", "create_group", "exit_group", "remove_members", "the end of a group"),
  ...of("createGroup", REFUSED),
];
