public import RunSurgeCore

/// What the facade reads, writes and has done for it.
public struct FacadePorts: Sendable {
    public var accounts: any AccountStore
    public var jobs: any JobStore
    public var blobs: any BlobStore
    /// nil: nobody can be enrolled here, and the routes for it are missing.
    public var enrolment: (any EnrolmentStore)?
    /// nil: a facade of accounts and jobs alone.
    public var platform: Platform?

    public init(
        accounts: any AccountStore, jobs: any JobStore, blobs: any BlobStore,
        enrolment: (any EnrolmentStore)? = nil, platform: Platform? = nil
    ) {
        self.accounts = accounts
        self.jobs = jobs
        self.blobs = blobs
        self.enrolment = enrolment
        self.platform = platform
    }

    /// What makes a platform of accounts and jobs.
    public struct Platform: Sendable {
        public var access: any AccessStore
        public var groups: any GroupStore
        public var uploads: any UploadStore
        public var usage: any UsageStore
        public var events: any EventStore
        public var idempotency: any IdempotencyStore
        public var code: any CodeInspecting
        public var starting: any JobStarting
        public var packing: any ResultPacking

        public init(
            access: any AccessStore, groups: any GroupStore, uploads: any UploadStore, usage: any UsageStore,
            events: any EventStore, idempotency: any IdempotencyStore, code: any CodeInspecting,
            starting: any JobStarting, packing: any ResultPacking
        ) {
            self.access = access
            self.groups = groups
            self.uploads = uploads
            self.usage = usage
            self.events = events
            self.idempotency = idempotency
            self.code = code
            self.starting = starting
            self.packing = packing
        }
    }
}
