import RunSurgeCore
import Testing

@Suite struct JobStateTests {
    @Test func finalStatesAreNeverLeft() {
        for state in JobState.allCases where state.isFinal {
            #expect(!JobState.allCases.contains { state.canBecome($0) })
        }
    }

    @Test func aLostDriverPutsTheJobBackInTheQueue() {
        #expect(JobState.running.canBecome(.pendingSchedule))
        #expect(!JobState.submitted.canBecome(.running))
    }
}
