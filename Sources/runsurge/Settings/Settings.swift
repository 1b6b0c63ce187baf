import Configuration
import Foundation
import SystemPackage

/// Where the long-running roles read their configuration: flags, then the environment, then a `.env` file, then
/// defaults. Every value is checked when it is read, and a wrong one is named with what is allowed.
struct Settings {
    private let reader: ConfigReader

    /// - Parameters:
    ///   - flags: values of the command line by key; nil ones were not given.
    ///   - file: a file of `NAME=value` lines; nil: `.env` in the working directory when there is one.
    init(flags: [String: String?] = [:], file: String? = nil) async throws {
        var values: [AbsoluteConfigKey: ConfigValue] = [:]
        for case (let key, let value?) in flags {
            values[AbsoluteConfigKey(ConfigKey(key).components)] = ConfigValue(.string(value), isSecret: false)
        }
        do {
            reader = ConfigReader(providers: [
                InMemoryProvider(name: "command line", values: values),
                EnvironmentVariablesProvider(),
                try await EnvironmentVariablesProvider(
                    environmentFilePath: FilePath(file ?? ".env"), allowMissing: file == nil),
            ])
        } catch {
            throw CommandError.usage("can't read the configuration file \(file ?? ".env"): \(error)")
        }
    }

    /// - Parameter alias: the name that the original system used for the same value.
    func text(_ key: String, alias: String? = nil) -> String? {
        for name in [key] + (alias.map { [$0] } ?? []) {
            if let value = reader.string(forKey: ConfigKey(name)), !value.isEmpty { return value }
        }
        return nil
    }

    /// A value that is never printed.
    func secret(_ key: String, alias: String? = nil, minimumLength: Int) throws -> String? {
        for name in [key] + (alias.map { [$0] } ?? []) {
            guard let value = reader.string(forKey: ConfigKey(name), isSecret: true), !value.isEmpty else { continue }
            guard value.utf8.count >= minimumLength else {
                throw CommandError.usage(
                    "\(Self.variable(name)) is too short; use at least \(minimumLength) characters")
            }
            return value
        }
        return nil
    }

    func integer(_ key: String, alias: String? = nil, in range: ClosedRange<Int>, default fallback: Int) throws -> Int {
        guard let value = text(key, alias: alias) else { return fallback }
        guard let number = Int(value), range.contains(number) else {
            throw CommandError.usage(
                "\(Self.variable(key)) is \(value); it must be a number from \(range.lowerBound) to \(range.upperBound)"
            )
        }
        return number
    }

    func size(_ key: String, default fallback: Int64) throws -> Int64 {
        guard let value = text(key) else { return fallback }
        guard let size = MemorySize(argument: value) else {
            throw CommandError.usage("\(Self.variable(key)) is \(value); it must be a size such as 512M or 2G")
        }
        return size.bytes
    }

    func choice(_ key: String, of allowed: [String], default fallback: String) throws -> String {
        guard let value = text(key) else { return fallback }
        guard allowed.contains(value) else {
            throw CommandError.usage(
                "\(Self.variable(key)) is \(value); it must be \(allowed.joined(separator: " or "))")
        }
        return value
    }

    /// The environment variable of a key: `runsurge.work.port` is RUNSURGE_WORK_PORT.
    static func variable(_ key: String) -> String {
        key.replacingOccurrences(of: ".", with: "_").uppercased()
    }
}
