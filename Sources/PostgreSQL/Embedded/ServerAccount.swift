import Glibc

/// The account a server runs under. PostgreSQL refuses to run as root.
struct ServerAccount: Sendable, Equatable {
    let user: uid_t
    let group: gid_t
    let name: String
    /// Whether a child process has to change to it.
    let isOther: Bool

    /// The account for a cluster that belongs to `owner`, or for a fresh one (nil). Blocks.
    /// Throws `.embeddedServer` when this process may not use the cluster.
    static func choose(owner: uid_t?, folder: String) throws(PostgreSQLError) -> ServerAccount {
        let own = geteuid()
        guard own == 0 else {
            guard owner == nil || owner == own else {
                throw PostgreSQLError(
                    kind: .embeddedServer,
                    message: "The database in \(folder) belongs to another account (user number \(owner ?? 0)):"
                        + " run as that account, or choose another data folder.")
            }
            return ServerAccount(user: own, group: getegid(), name: "this account", isOther: false)
        }
        if let owner {
            guard owner != 0 else {
                throw PostgreSQLError(
                    kind: .embeddedServer,
                    message: "The database in \(folder) belongs to root, as which PostgreSQL refuses to run:"
                        + " run `chown -R postgres \(folder)`, or choose another data folder.")
            }
            if let account = lookup({ getpwuid_r(owner, $0, $1, $2, $3) }) { return account }
            return ServerAccount(user: owner, group: owner, name: "user number \(owner)", isOther: true)
        }
        for name in ["postgres", "nobody"] {
            if let account = lookup({ getpwnam_r(name, $0, $1, $2, $3) }), account.user != 0 { return account }
        }
        throw PostgreSQLError(
            kind: .embeddedServer,
            message: "PostgreSQL refuses to run as root, and there is neither an account postgres nor nobody:"
                + " run `useradd --system postgres`, or run as another account.")
    }

    private static func lookup(
        _ call: (
            UnsafeMutablePointer<passwd>, UnsafeMutablePointer<CChar>, Int,
            UnsafeMutablePointer<UnsafeMutablePointer<passwd>?>
        ) -> Int32
    ) -> ServerAccount? {
        var entry = passwd()
        var found: UnsafeMutablePointer<passwd>?
        var buffer = [CChar](repeating: 0, count: 16_384)
        return buffer.withUnsafeMutableBufferPointer { storage -> ServerAccount? in
            guard let base = storage.baseAddress, call(&entry, base, storage.count, &found) == 0, found != nil else {
                return nil
            }
            return ServerAccount(
                user: entry.pw_uid, group: entry.pw_gid, name: String(cString: entry.pw_name), isOther: true)
        }
    }
}
