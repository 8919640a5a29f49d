/** The chat SDK. One object; make as many calls as you like, whenever you like, also before the wasm is loaded. */
export declare const JMessage: JMessageApi;
export default JMessage;

declare global {
  /** What the classic script `jmessage-1.0.0.min.js` defines. */
  interface Window {
    JMessage: JMessageApi;
  }
}

/**
 * Why something failed.
 *
 * | code | meaning |
 * |---|---|
 * | 872000 | the server could not do it now, or the SDK cannot run in this browser |
 * | 872001 | not logged in |
 * | 872002 | an argument is missing or wrong; the message says which |
 * | 872003 | the login could not be carried out |
 * | 872004 | `config` was refused: unknown app or wrong signature |
 * | 872005 | the signature is absent or has expired |
 * | 872006 | no answer in time |
 * | 872007 | the connection broke |
 * | 872008 | the user logged in somewhere else |
 * | 801003 | login: no such user |
 * | 801004 | login: wrong password |
 * | 803004 | no such group |
 * | 803005 | not in the group |
 * | 803007 | the message is too long, or the file too large |
 * | 808003 | the user owns as many groups as one may |
 * | 808001, 808004 | the name of a group is empty; its name or description is too long |
 * | 808002, 811003 | only the owner may change the group, or remove members |
 * | 809002 | to leave a group, one must be in it |
 * | 810008 | the group is full |
 * | 898002 | no such user |
 */
export type ErrorCode = number;

/** What the promise of a call is rejected with. */
export interface CallError extends Error {
  code: ErrorCode;
  /** The number of the message, for calls that send one. */
  rid?: number;
}

/** Called at most once, when the call has returned. */
export type Fail = (code: ErrorCode, message: string) => void;

/** As {@link Fail}, with the number of the message. */
export type SendFail = (code: ErrorCode, message: string, rid: number) => void;

/** The fields that prove the app. They are made on the developer's own server. */
export interface Signature {
  /** Seconds since 1970, as a decimal. `timeStamp` is understood too. */
  timestamp: string | number;
  /** Random, different each time. */
  randomStr: string | number;
  /** 32 hexadecimal digits. */
  signature: string;
}

interface ConfigBase {
  /** The app's public key. */
  appKey: string;
  /**
   * The chat server: a host, or an `http(s)` or `ws(s)` URL. Otherwise it is the `data-server` of the script tag, or
   * where the page came from.
   */
  server?: string;
}

/** Options of `config`, in one of three ways. */
export type ConfigOptions =
  /** A signature from the developer's server. When it expires, `error` hears 872005; then call `config` again. */
  | (ConfigBase & Signature)
  /**
   * Where to get a signature: a URL that answers with JSON, or a function that returns the fields or a promise of them.
   * Asked again when the signature has expired.
   */
  | (ConfigBase & { signer: string | (() => Signature | Promise<Signature>) })
  /**
   * The app's master secret, for local development and for Node servers only: whoever has it can sign in as anybody.
   * The spelling is the published one; `masterSecret` is understood too.
   */
  | (ConfigBase & { masterSecrect: string });

export interface LoginOptions {
  username: string;
  password: string;
  success?: () => void;
  fail?: Fail;
}

interface SendOptions {
  /** A username, or a group's number. */
  targetId: string | number;
  targetType: "single" | "group";
  /** Called before the call returns, with the number by which this message is spoken of from now on. */
  idGenerated?: (rid: number) => void;
  /** The message is stored. */
  success?: (rid: number) => void;
  /** The message was not confirmed in time or was refused; it is not repeated unless you call `resendMessage`. */
  fail?: SendFail;
}

export interface SendTextOptions extends SendOptions {
  /** Not empty. Shown to the other side exactly as it is. */
  text: string;
}

/** How an upload is watched and stopped. */
export interface UploadOptions {
  /** Called while the file is uploaded, with bytes so far and in all. */
  progress?: (loaded: number, total: number, rid: number) => void;
  /** Stops the upload: the message fails with 872002, and can be sent again. */
  signal?: AbortSignal;
}

/** The image: a JPEG, PNG, GIF or WebP, in one of two ways. */
export type SendImageOptions = SendOptions &
  UploadOptions &
  (
    | {
        /** The id of an `<input type="file">` in which a file is chosen. The file is taken in the call. */
        fileId: string;
      }
    | { file: Blob }
  );

export interface ResendOptions extends UploadOptions {
  /** The number of a message that failed. */
  rid: number | string;
  success?: (rid: number) => void;
  fail?: SendFail;
}

/** The content of a message by its type. */
export interface TextBody {
  text: string;
  extras?: Record<string, unknown>;
}

/** An image. It is at {@link JMessageApi.QiNiuMediaUrl} + `media_id`. */
export interface ImageBody {
  media_id: string;
  /** CRC-32 as of zlib, unsigned. */
  media_crc32: number;
  /** In pixels, as it is to be shown. */
  width: number;
  height: number;
  /** jpg, png, gif or webp. */
  format: string;
  /** In bytes. */
  fsize: number;
}

/** A sound. It is at {@link JMessageApi.UpYunVoiceMediaUrl} + `media_id` + `.mp3`, whatever its format. */
export interface VoiceBody {
  media_id: string;
  media_crc32: number;
  /** In seconds. */
  duration: number;
  format: string;
  fsize: number;
}

/** A message that arrived; `msg_type` tells which. */
export type Message = MessageOf<"text", TextBody> | MessageOf<"image", ImageBody> | MessageOf<"voice", VoiceBody>;

/**
 * A message that arrived. Every key exists in both spellings, `from_id` and `fromId`. Pages that expect JSON text may
 * call `JSON.parse` on it.
 */
export interface MessageOf<Type, Body> {
  version: 1;
  target_type: "single" | "group";
  targetType: "single" | "group";
  target_id: string;
  targetId: string;
  target_name: string;
  targetName: string;
  from_type: "user" | "robot" | "admin";
  fromType: "user" | "robot" | "admin";
  /** The sender's username. */
  from_id: string;
  fromId: string;
  /** The sender's nickname when the message was sent. */
  from_name: string;
  fromName: string;
  from_platform: string;
  fromPlatform: string;
  /** Seconds since 1970. */
  create_time: number;
  createTime: number;
  /** The number the server gave it. */
  msg_id: number;
  msgId: number;
  msg_type: Type;
  msgType: Type;
  /** Its own keys have one spelling. */
  msg_body: Body;
  msgBody: Body;
  /** The message as JSON text. */
  toString(): string;
}

/** What happened to a group. Every key exists in both spellings; `JSON.parse` works on it, too. */
export interface GroupEvent {
  event_type: "create_group" | "exit_group" | "add_members" | "remove_members";
  /** The same as a number: 8, 9, 10, 11. */
  eventType: number;
  /** Who did it. */
  from_username: string;
  fromUsername: string;
  gid: number;
  /** Who was taken in or put out, or left. */
  to_username_list: string[];
  toUsernameList: string[];
  /** `administrator delete group` when the group has ended; otherwise mostly empty. */
  description: string;
  /** `yyyy-MM-dd HH:mm:ss`, in the time of China. */
  ctime: string;
}

/** A user as others see it; what is not known is absent. */
export interface UserInfo {
  username: string;
  nickname?: string;
  /** A media id, or whatever the operator set. */
  avatar?: string;
  /** 0 unknown, 1 male, 2 female. */
  gender?: 0 | 1 | 2;
  star?: number;
  signature?: string;
  region?: string;
  address?: string;
  mtime: string;
  ctime: string;
}

/** What `createGroup` and `updateGroupInfo` answer. */
export interface GroupSummary {
  groupName: string;
  groupDescription: string;
  /** How many members it may have. */
  groupLevel: number;
  flag: number;
  gid: number;
}

export interface GroupInfo {
  gid: number;
  ownerUsername: string;
  groupName: string;
  groupDesc: string;
  groupLevel: number;
  /** The owner is the member with `flag` 1. */
  members: (UserInfo & { flag: 0 | 1 })[];
  /** How many members there are, if not all of them are in this answer: ask again with `start`. */
  memberCount?: number;
}

export interface GroupListItem {
  gid: number;
  ownerUsername: string;
  groupName: string;
  groupDesc: string;
  membersUsername: string[];
  /** How many members there are, if not all of them are named. */
  memberCount?: number;
}

/** Callbacks of a call that answers with data; `JSON.parse` works on the data, too. */
export interface Callbacks<T> {
  success?: (response: T) => void;
  fail?: Fail;
}

/** A group's number, or its digits. */
export interface OfGroup {
  groupId: number | string;
}

/** What `on` and `off` know: each hears what the registrar in brackets hears. */
export interface Listeners {
  /** (`ready`) */
  ready: () => void;
  /** (`error`) */
  error: (code: ErrorCode, message: string) => void;
  /** (`onConnected`) */
  connected: () => void;
  /** (`onDisconnected`) */
  disconnected: () => void;
  /** (`onMessageReceived`) */
  message: (message: Message) => void;
  /** (`onEventReceived`) */
  event: (event: GroupEvent) => void;
  /** (`notification`) */
  notification: (code: ErrorCode, message: string) => void;
  /** Messages of a chat are gone: the server did not keep them until now. */
  resync: (lost: Lost) => void;
  /** So many of the messages that waited have come: at the beginning, now and then, and at the end. */
  backlog: (done: number, total: number) => void;
}

/** Messages that will not come. Every key exists in camelCase, too. */
export interface Lost {
  target_type: "single" | "group";
  /** The other user, or the group's number. */
  target_id: string;
  /** The first position of the chat that is missing, and the last. */
  from: number;
  to: number;
}

/**
 * Every call returns a promise, too. It is rejected with a {@link CallError}; nobody has to take
 * it: a failure of which neither `fail` nor a taken promise tells is a warning in the console.
 */
export interface JMessageApi {
  readonly version: string;
  /** Log to the console which frames come and go, without their content. */
  debug: boolean;
  /** How long a request may take, in milliseconds. Read at each call. 10000 at first. */
  requestTimeOut: number;
  /** How long a login may take, connecting included, in milliseconds. 60000 at first. */
  loginTimeOut: number;
  /** The socket, and the server's address over HTTP; empty until the first connection. */
  readonly url: string;
  readonly httpServerUrl: string;
  /**
   * Where media are: put a `media_id` behind it. It ends with the right to see what this user may see, so it is empty
   * until the login and changes from time to time: read it when an address is made.
   */
  readonly QiNiuMediaUrl: string;
  readonly UpYunImageMediaUrl: string;
  readonly UpYunVoiceMediaUrl: string;

  /** Connects, if that has not happened. Not needed: `config` connects, and the classic script does so when loaded. */
  init(): Promise<void>;
  /** Proves which app the page belongs to. Leads to `ready` or `error`; the promise says the same. */
  config(options: ConfigOptions): Promise<void>;
  /** `config` succeeded. A listener that comes later is called too. */
  ready(listener: () => void): void;
  /** `config` failed. */
  error(listener: (code: ErrorCode, message: string) => void): void;
  /** The connection stands, at first or again. */
  onConnected(listener: () => void): void;
  /** The connection is broken; the SDK is mending it and will log in again by itself. */
  onDisconnected(listener: () => void): void;

  /** Logs in, as soon as `config` has succeeded. */
  login(options: LoginOptions): Promise<void>;
  /** Logs out. Messages that were not confirmed fail with 872001. */
  logout(): Promise<void>;

  /** Sends a text. In a session it may be called while the connection is broken: see docs/sdk.md. */
  sendTextMessage(options: SendTextOptions): Promise<number>;
  /** Uploads an image and sends it. Only those to whom it was sent can see it. */
  sendImageMessage(options: SendImageOptions): Promise<number>;
  /** Sends a failed message again, under the same number; it is stored once even if the first attempt got through. */
  resendMessage(options: ResendOptions): Promise<number>;

  /** A message arrived: each one once, in the order of its conversation, those from while the user was away too. */
  onMessageReceived(listener: (message: Message) => void): void;
  /** Something happened to a group of the user's, while online or away; in the order of the group's messages. */
  onEventReceived(listener: (event: GroupEvent) => void): void;

  getUserInfo(options: { username: string } & Callbacks<UserInfo>): Promise<UserInfo>;
  /** Makes a group with the user as its owner and only member. */
  createGroup(options: { groupName: string; groupDescription?: string } & Callbacks<GroupSummary>): Promise<GroupSummary>;
  /** For members. Of a large group, the members from number `start` on (0 at first) as far as they fit. */
  getGroupInfo(options: OfGroup & { start?: number } & Callbacks<GroupInfo>): Promise<GroupInfo>;
  /** For the owner. What is absent stays as it is. */
  updateGroupInfo(
    options: OfGroup & { groupName?: string; groupDescription?: string } & Callbacks<GroupSummary>,
  ): Promise<GroupSummary>;
  /** For members; at most 256 names. Those who are in the group already stay as they are. */
  addGroupMembers(options: OfGroup & { memberUsernames: string[] } & Callbacks<void>): Promise<void>;
  /** For the owner; at most 256 names. */
  removeGroupMembers(options: OfGroup & { memberUsernames: string[] } & Callbacks<void>): Promise<void>;
  /** Leaves a group. When its owner leaves, the group ends. */
  exitGroup(options: OfGroup & Callbacks<void>): Promise<void>;
  getGroupList(options: Callbacks<GroupListItem[]>): Promise<GroupListItem[]>;

  /** Adds a listener, beside that of the registrar; any number of them. */
  on<Name extends keyof Listeners>(name: Name, listener: Listeners[Name]): void;
  /** Removes a listener that was added. */
  off<Name extends keyof Listeners>(name: Name, listener: Listeners[Name]): void;

  /** The session has ended without the page's doing: 872008 when the user logged in somewhere else. */
  notification(listener: (code: ErrorCode, message: string) => void): void;
}
