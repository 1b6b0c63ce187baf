internal import Glibc
internal import RunSurgeCore

/// Room on the agent's own disk.
extension Worker {
    /// Bytes below which no more work is taken on.
    private static let leastRoom: UInt64 = 16 << 20
    /// Bytes below which a script's writes are likely to have been refused.
    private static let noRoom: UInt64 = 1 << 20

    func lookAtDisk() {
        var disk = statvfs()
        guard statvfs(configuration.folder, &disk) == 0 else { return }
        let room = UInt64(disk.f_bavail) * UInt64(disk.f_frsize)
        if room < Self.noRoom { for run in driverRuns.values { run.hasSeenFullDisk = true } }
        let isShort = room < Self.leastRoom
        guard isShort != isShortOfDisk else { return }
        isShortOfDisk = isShort
        let folder = configuration.folder
        if isShort {
            logger.error("the disk is full: no work is taken until there is room", metadata: ["folder": "\(folder)"])
        } else {
            logger.notice("the disk has room again", metadata: ["folder": "\(folder)"])
        }
        updateCongestion()
    }

    /// Work stops coming while results can't leave, or nothing can be written.
    func updateCongestion() {
        let isNow = outbox.isCongested || isShortOfDisk || spoolFailure != nil
        guard isNow != isCongested else { return }
        isCongested = isNow
        feed(.congested(isNow))
    }
}
