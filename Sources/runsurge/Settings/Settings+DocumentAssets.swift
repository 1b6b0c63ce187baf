import Foundation
import RunSurgeAPI

extension Settings {
    /// Where the pages of the REST document get their scripts: a folder, or a URL.
    func documentAssets() throws -> APIConfiguration.DocumentAssets? {
        let key = "runsurge.docs.assets"
        guard let value = text(key) else { return nil }
        if value.hasPrefix("https://") || value.hasPrefix("http://") {
            guard let url = URL(string: value), url.host != nil else {
                throw CommandError.usage("\(Self.variable(key)) is \(value), which is no URL")
            }
            return .url(url)
        }
        let folder = Path.absolute(value)
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: folder, isDirectory: &isFolder), isFolder.boolValue else {
            throw CommandError.usage("\(Self.variable(key)) is \(value); it must be a folder or a URL")
        }
        return .folder(folder)
    }
}
