import PostgreSQL
import RunSurgeCore

/// How a user lies in their table.
enum UserRow {
    static let columns = "id, username, email, role::text AS role"

    static func decode(_ row: Row) throws -> User {
        guard let role = UserRole(rawValue: try row.string("role")) else {
            throw StoreError.inconsistent("user \(try row.int64("id")) has an unknown role")
        }
        return User(
            id: try row.identifier("id"), username: try row.string("username"), email: try row.string("email"),
            role: role)
    }
}
