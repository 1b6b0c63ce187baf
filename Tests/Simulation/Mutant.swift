/// A fault planted around the machines, to see that the simulator would find it. Those inside of them are patches, in
/// the folder `Mutants` beside the tests.
public enum Mutant: String, CaseIterable, Sendable {
    /// The store takes results of leases that have been replaced.
    case acceptStale
    /// The master acknowledges a result when it has come, not when it is stored.
    case acknowledgeBeforeCommit
    /// The store lets a master write whose term is over.
    case ignoreTerm
    /// The same result again counts as another.
    case duplicateIsFresh
    /// A third of the credit that workers offer gets lost, and the sequence numbers with it.
    case loseCredit
    /// Now and then a chunk goes to a second worker as well.
    case dealTwice
    /// A worker keeps whatever it holds, whatever the master says when it greets.
    case keepEverything
    /// The spool is emptied when the connection is opened anew.
    case dropSpool
    /// What was sent once is not sent again.
    case neverResend
    /// A driver closes its region before the last result.
    case closeEarly
    /// A worker goes on with what it is told to stop.
    case ignoreCancel
}
