// The groups of the signed-in user: what the server tells of them goes into the store, what the user does goes out.
// Every call returns a promise that rejects with `Refused`.

import { ask } from "./calls.js";

/** As the SDK says it when a group has ended. */
const DISSOLVED = "administrator delete group";
const KINDS = { create_group: "created", add_members: "added", remove_members: "removed", exit_group: "left" };

export class Groups {
  #sdk;
  #store;
  #people;
  /** Groups that changed while the list was asked for: its answer may be older than that. */
  #touched = new Set();

  constructor(sdk, store, people) {
    this.#sdk = sdk;
    this.#store = store;
    this.#people = people;
  }

  /** Reads the list of groups; those that are not in it any more are over for this user. */
  async list() {
    const known = this.#store.groups();
    this.#touched.clear();
    const listed = new Set();
    for (const { gid, ownerUsername, groupName, groupDesc, membersUsername, memberCount } of await ask(this.#sdk, "getGroupList")) {
      const id = String(gid);
      listed.add(id);
      if (this.#touched.has(id)) continue;
      const members = { members: membersUsername, count: memberCount ?? membersUsername.length };
      this.#store.group(id, { name: groupName, owner: ownerUsername, about: groupDesc, ...members, gone: null });
    }
    for (const { id, group } of known) {
      if (!listed.has(id) && !this.#touched.has(id) && !group?.gone) this.#store.group(id, { gone: "absent" });
    }
  }

  /** Reads one group anew, with the nicknames of its members; of a large one, the first of them. */
  async read(id) {
    const { info, members } = await this.#page(id, 0);
    const { groupName: name, ownerUsername: owner, groupDesc: about, memberCount: count = members.length } = info;
    this.#store.group(id, { name, owner, about, members, count, gone: null });
  }

  /** Reads the members of a large group that come after those who are known. */
  async more(id) {
    const known = this.#store.conversation("group", id).group.members;
    const { info, members } = await this.#page(id, known.length);
    const all = [...new Set([...known, ...members])];
    this.#store.group(id, { members: all, count: info.memberCount ?? all.length });
  }

  async #page(id, start) {
    const info = await ask(this.#sdk, "getGroupInfo", { groupId: id, start });
    for (const { username, nickname } of info.members) this.#people.learn(username, nickname || username);
    return { info, members: info.members.map(({ username }) => username) };
  }

  /** Reads one group anew in the background. */
  refresh(id) {
    this.read(id).catch((refused) => console.info(`group ${id}: ${refused.message}`));
  }

  /** Makes a group; returns its id. Its members are added by a call of their own, which may fail on its own. */
  async create(name, about) {
    const { gid } = await ask(this.#sdk, "createGroup", { groupName: name, groupDescription: about });
    const id = String(gid);
    this.#touched.add(id);
    const { username } = this.#store.me;
    this.#store.group(id, { name, about, owner: username, members: [username], count: 1, gone: null });
    return id;
  }

  async update(id, name, about) {
    const now = await ask(this.#sdk, "updateGroupInfo", { groupId: id, groupName: name, groupDescription: about });
    this.#store.group(id, { name: now.groupName, about: now.groupDescription });
  }

  add(id, usernames) {
    return ask(this.#sdk, "addGroupMembers", { groupId: id, memberUsernames: usernames });
  }

  remove(id, usernames) {
    return ask(this.#sdk, "removeGroupMembers", { groupId: id, memberUsernames: usernames });
  }

  /** Leaves the group; when its owner does, it ends. */
  exit(id) {
    return ask(this.#sdk, "exitGroup", { groupId: id });
  }

  /** Something happened to a group: a line in its chat, and what it changes. */
  happened({ event_type: type, from_username: from, gid, to_username_list: users, description, ctime }) {
    const id = String(gid);
    const kind = type === "exit_group" && description === DISSOLVED ? "dissolved" : KINDS[type];
    if (!kind) return;
    this.#touched.add(id);
    const conversation = this.#store.conversation("group", id);
    const known = conversation.group?.members ?? [];
    const members = kind === "created" || kind === "added"
      ? [...new Set([...known, from, ...users])]
      : known.filter((username) => !users.includes(username));
    const own = users.includes(this.#store.me.username);
    const over = kind === "dissolved" ? kind : (kind === "removed" || kind === "left") && own ? kind : null;
    const stays = over ?? (own ? null : conversation.group?.gone ?? null);
    const count = (conversation.group?.count ?? known.length) + members.length - known.length;
    this.#store.group(id, { members, count, gone: stays, ...(kind === "created" && { owner: from }) });
    const at = Date.parse(`${ctime.replace(" ", "T")}+08:00`);
    this.#store.note(conversation, { id: `${ctime} ${type} ${users}`, from, users, happened: kind, at: at || Date.now() });
    if (!stays) this.refresh(id);
  }
}
