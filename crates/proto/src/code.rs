//! Error codes as pages see them (`seeds/002 §错误码定义`) and the close codes of the socket.

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $number:literal, $message:literal;)*) => {
        /// An error code with its number on the wire.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[repr(u32)]
        pub enum Code {
            $($(#[$doc])* $name = $number,)*
        }

        impl Code {
            /// Every code, in the order of their numbers within each family.
            pub const ALL: &'static [Code] = &[$(Code::$name),*];

            /// The published message of the code.
            pub fn message(self) -> &'static str {
                match self {
                    $(Self::$name => $message,)*
                }
            }
        }
    };
}

codes! {
    /// The server could not do it now; nothing was stored. May be tried again.
    ServerError = 872_000, "server error";
    /// The call needs a login first.
    NotLoggedIn = 872_001, "user not login";
    /// An argument is missing, of the wrong type or outside its grammar.
    Arguments = 872_002, "arguments exception";
    /// The login could not be carried out.
    LoginFailed = 872_003, "user login exception";
    /// `config` was refused: unknown App, wrong signature, or fields outside their grammar.
    ConfigFailed = 872_004, "config exception";
    /// The signature is absent or outside its time window.
    SignatureInvalid = 872_005, "signature invalid";
    /// No answer came in time.
    RequestTimeout = 872_006, "request timeout";
    /// The connection broke before the answer came.
    Disconnected = 872_007, "connection disconnect";
    /// The user logged in somewhere else; this session has ended.
    LoggedInElsewhere = 872_008, "user login in other place";
    /// Login: there is no such user.
    LoginNoSuchUser = 801_003, "no such user";
    /// Login: the password is wrong.
    LoginWrongPassword = 801_004, "wrong password";
    /// The message is larger than the App allows.
    MessageTooLong = 803_007, "message too long";
    /// There is no group of this number.
    NoSuchGroup = 803_004, "no such group";
    /// The user is not in the group.
    NotInGroup = 803_005, "user not in group";
    /// A group needs a name.
    GroupNameEmpty = 808_001, "group name is empty";
    /// The user may not change this group.
    GroupNotPermitted = 808_002, "no permission";
    /// The user owns as many groups as one may.
    TooManyGroups = 808_003, "too many groups";
    /// The name or the description of a group is too long.
    GroupTextTooLong = 808_004, "group name or description too long";
    /// To exit: the user is not in the group.
    ExitNotMember = 809_002, "user not in group";
    /// The group has no room for so many.
    GroupFull = 810_008, "group is full";
    /// The user may not remove members.
    RemoveNotPermitted = 811_003, "no permission to remove members";
    /// There is no user of this name to send to.
    NoSuchUser = 898_002, "no such user";
}

impl Code {
    /// The number on the wire.
    pub fn number(self) -> u32 {
        self as u32
    }

    /// The code of a number, if it is one of ours.
    pub fn from_number(number: u32) -> Option<Self> {
        Self::ALL.iter().copied().find(|code| code.number() == number)
    }
}

/// Close codes of the WebSocket.
pub mod close {
    /// The client left, or logged out.
    pub const NORMAL: u16 = 1000;
    /// The server is stopping; connect again.
    pub const GOING_AWAY: u16 = 1001;
    /// A binary frame came; this wire is text.
    pub const UNSUPPORTED: u16 = 1003;
    /// A frame was larger than [`crate::MAX_FRAME`].
    pub const TOO_LARGE: u16 = 1009;
    /// The user logged in somewhere else. Do not connect again by yourself.
    pub const ELSEWHERE: u16 = 4001;
    /// Too many frames that made no sense.
    pub const BAD_FRAMES: u16 = 4002;
    /// Nothing was configured or nobody logged in for too long. Connect again when there is something to do.
    pub const IDLE: u16 = 4006;
    /// The client read too slowly. Connect again and resume; nothing is lost.
    pub const TOO_SLOW: u16 = 4008;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_messages_are_those_of_the_seed() {
        let table: Vec<_> =
            Code::ALL.iter().map(|code| format!("{} {}", code.number(), code.message())).collect();
        insta::assert_snapshot!(table.join("\n"), @r"
        872000 server error
        872001 user not login
        872002 arguments exception
        872003 user login exception
        872004 config exception
        872005 signature invalid
        872006 request timeout
        872007 connection disconnect
        872008 user login in other place
        801003 no such user
        801004 wrong password
        803007 message too long
        803004 no such group
        803005 user not in group
        808001 group name is empty
        808002 no permission
        808003 too many groups
        808004 group name or description too long
        809002 user not in group
        810008 group is full
        811003 no permission to remove members
        898002 no such user
        ");
    }

    #[test]
    fn every_number_leads_back_to_its_code() {
        for code in Code::ALL {
            assert_eq!(Code::from_number(code.number()), Some(*code));
        }
        assert_eq!(Code::from_number(0), None);
    }
}
