import Crypto
import Foundation
import RunSurgeCore

/// Proof that a user has uploaded a blob, kept by the user: knowing a file's hash is no right to read the file.
struct UploadReceipts: Sendable {
    private let key: SymmetricKey

    init(secret: String) {
        let context = Data("runsurge upload receipt".utf8)
        key = HKDF<SHA256>.deriveKey(
            inputKeyMaterial: SymmetricKey(data: Data(secret.utf8)), info: context, outputByteCount: 32)
    }

    func receipt(for blob: BlobReference, user: UserID) -> String {
        HexCoding.encode(HMAC<SHA256>.authenticationCode(for: Self.message(blob, user), using: key))
    }

    func isValid(_ receipt: String, for blob: BlobReference, user: UserID) -> Bool {
        guard let code = HexCoding.decode(receipt) else { return false }
        return HMAC<SHA256>.isValidAuthenticationCode(code, authenticating: Self.message(blob, user), using: key)
    }

    private static func message(_ blob: BlobReference, _ user: UserID) -> Data {
        Data("\(user.rawValue) \(blob.sha256) \(blob.size)".utf8)
    }
}
