public import RunSurgeCore

/// What the leader does about uploads and groups, which every facade takes in.
public struct Intake: Sendable {
    let uploads: any UploadStore
    let aggregation: any AggregationStore
    let starting: any JobStarting
    let packing: any ResultPacking

    public init(
        uploads: any UploadStore, aggregation: any AggregationStore, starting: any JobStarting,
        packing: any ResultPacking
    ) {
        self.uploads = uploads
        self.aggregation = aggregation
        self.starting = starting
        self.packing = packing
    }
}
