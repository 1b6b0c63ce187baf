import Glibc
import RunSurgeCore
import Testing

@testable import RunSurgeWorker

/// With a program in semgrep's place that says what it was asked.
@Suite struct SemgrepCommandTests {
    private let folder: TestFolder

    init() throws { folder = try TestFolder() }

    private func run(_ script: String, timeout: Duration = .seconds(30)) async throws -> String {
        let path = folder.path + "/semgrep"
        try TextFile.write("#!/bin/sh\n\(script)\n", to: path, creating: true)
        try FileTree.setMode(path, 0o755)
        let command = try #require(SemgrepCommand(command: path, folder: folder.path + "/runs", timeout: timeout))
        let files = [Array("one\n".utf8), [255, 10]]
        return String(decoding: try await command.scan(rules: Array("rules\n".utf8), files: files), as: UTF8.self)
    }

    @Test func isNilWhereItIsNotInstalled() {
        #expect(SemgrepCommand(command: folder.path + "/none", folder: folder.path) == nil)
    }

    @Test func seesTheRulesAndTheFilesAndNothingElseOfTheRunStays() async throws {
        let said = try await run(
            #"""
            for last; do :; done
            cat "$3" "${last%1.py}0.py"; wc -c < "$last"; echo "$@"
            """#)
        #expect(said.hasPrefix("rules\none\n2\n"))
        #expect(said.contains("--disable-nosem") && said.contains("--metrics=off"))
        #expect(FileTree.names(in: folder.path + "/runs").isEmpty)
    }

    @Test func hasNoHomeOfTheHost() async throws {
        #expect(try await run("echo $HOME").hasPrefix(folder.path + "/runs/semgrep-"))
    }

    @Test func failingIsToldWithWhatItSaid() async throws {
        await #expect {
            _ = try await run("echo broken rules >&2; exit 2")
        } throws: {
            "\($0)" == "semgrep ended with status 2: broken rules\n"
        }
    }

    @Test func itsTimeIsBounded() async throws {
        let start = ContinuousClock.now
        await #expect {
            _ = try await run("sleep 60", timeout: .milliseconds(200))
        } throws: {
            "\($0)" == "semgrep took too long"
        }
        #expect(ContinuousClock.now - start < .seconds(20))
    }
}
