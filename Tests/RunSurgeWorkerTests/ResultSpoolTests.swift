import Glibc
import Testing

@testable import RunSurgeWorker

@Suite struct ResultSpoolTests {
    private func record(_ number: UInt64, _ text: String) -> ResultSpool.Record {
        ResultSpool.Record(numbers: [number], bytes: Array(text.utf8))
    }

    private func texts(_ folder: TestFolder) throws -> [String] {
        try ResultSpool(folder: folder.path).recover().map { String(decoding: $0, as: UTF8.self) }
    }

    @Test func givesBackWhatItsPredecessorHad() async throws {
        let folder = try TestFolder()
        defer { folder.keep() }
        let spool = try ResultSpool(folder: folder.path)
        #expect(try spool.recover().isEmpty)
        try await spool.append([record(1, "one"), record(2, "")])
        try await spool.append([record(3, "three")])
        #expect(try texts(folder) == ["one", "", "three"])
    }

    @Test(arguments: 1...12)
    func aRecordCutByTheEndIsDroppedAndTheRestKept(cut: Int) async throws {
        let folder = try TestFolder()
        defer { folder.keep() }
        try await ResultSpool(folder: folder.path).append([record(1, "one"), record(2, "12345678")])
        let path = folder.path + "/" + (FileTree.names(in: folder.path).first ?? "")
        let size = try #require(FileStatus(path)?.size)
        try #require(truncate(path, Int(size) - cut) == 0)
        #expect(try texts(folder) == ["one"])
    }

    @Test func garbageIsNoRecord() throws {
        let folder = try TestFolder()
        defer { folder.keep() }
        try TextFile.write("this is not a spool at all", to: folder.path + "/000000000001", creating: true)
        let spool = try ResultSpool(folder: folder.path)
        #expect(try spool.recover().isEmpty)
        spool.removeRecovered()
        #expect(FileTree.names(in: folder.path) == [])
    }

    @Test func segmentsGoWhenNothingInThemIsWanted() async throws {
        let folder = try TestFolder()
        defer { folder.keep() }
        let spool = try ResultSpool(folder: folder.path)
        let large = String(repeating: "x", count: 3 << 20)
        for number in UInt64(1)...9 { try await spool.append([record(number, large)]) }
        #expect(FileTree.names(in: folder.path).count == 3)
        spool.remove(Array(1...6))
        await eventually("two segments are gone") { FileTree.names(in: folder.path).count == 1 }
        #expect(try texts(folder).count == 3)
    }

    @Test func aFullDiskGarblesNothingAndIsUsedAgain() async throws {
        try #require(geteuid() == 0, "a small disk needs root: run the tests as root")
        let folder = try TestFolder()
        defer { folder.keep() }
        try #require(mount("none", folder.path, "tmpfs", 0, "size=3m") == 0)
        defer { umount2(folder.path, Int32(MNT_DETACH)) }
        let spool = try ResultSpool(folder: folder.path)
        let large = String(repeating: "x", count: 1 << 20)
        try await spool.append([record(1, "one"), record(2, large)])
        await #expect(throws: SystemError.self) { try await spool.append([record(3, large + large)]) }
        try await spool.append([record(4, "four")])
        #expect(try texts(folder).map(\.count) == [3, 1 << 20, 4], "a record that was cut is no part of a segment")
        await #expect(throws: SystemError.self) { try await spool.append([record(5, large + large)]) }
        spool.remove([1, 2, 4])
        try await spool.append([record(6, large + large)])
        #expect(try texts(folder).map(\.count) == [2 << 20])
        await #expect(throws: SystemError.self) { try await spool.probe() }
        spool.remove([6])
        try await spool.append([record(7, large + large)])
        #expect(FileTree.names(in: folder.path).count == 1, "a probe leaves nothing")
    }

    @Test func whatIsRecoveredCanBeRemovedToo() async throws {
        let folder = try TestFolder()
        defer { folder.keep() }
        try await ResultSpool(folder: folder.path).append([record(1, "one")])
        let next = try ResultSpool(folder: folder.path)
        #expect(try next.recover().count == 1)
        try await next.append([record(8, "eight")])
        next.removeRecovered()
        #expect(FileTree.names(in: folder.path).count == 1)
        #expect(try texts(folder) == ["eight"])
    }

    @Test func aRecordStaysAsLongAsAnyOfItsResultsIsWanted() async throws {
        let folder = try TestFolder()
        defer { folder.keep() }
        let spool = try ResultSpool(folder: folder.path)
        let large = [UInt8](repeating: 1, count: 9 << 20)
        try await spool.append([ResultSpool.Record(numbers: [1, 2], bytes: large)])
        try await spool.append([record(3, "in the next segment")])
        spool.remove([1])
        try await spool.append([record(4, "after that")])
        #expect(FileTree.names(in: folder.path).count == 2)
        spool.remove([2])
        await eventually("the segment is gone") { FileTree.names(in: folder.path).count == 1 }
    }
}
