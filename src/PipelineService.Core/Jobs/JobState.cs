namespace PipelineService.Core.Jobs;

/// <summary>
/// The life of a job: receiving while its upload arrives, queued, running, committing, then one of succeeded, partially_succeeded
/// (some records were rejected, within the limits), failed and cancelled.
/// </summary>
/// <remarks>Stored and shown as text (<see cref="JobStates.ToText"/>); never change a name, only add.</remarks>
public enum JobState
{
    /// <summary>The upload is arriving.</summary>
    Receiving,

    /// <summary>The upload is durable; no worker has taken it up yet.</summary>
    Queued,

    /// <summary>Its records are being transformed and loaded.</summary>
    Running,

    /// <summary>The first of several write sessions has committed; from here the job only goes forward.</summary>
    Committing,

    /// <summary>Every record was loaded or filtered.</summary>
    Succeeded,

    /// <summary>Some records were rejected, within the limits; the rest was loaded.</summary>
    PartiallySucceeded,

    Failed,

    Cancelled,
}

/// <summary>Names and transitions of <see cref="JobState"/>.</summary>
public static class JobStates
{
    public static bool IsFinal(this JobState state) => state >= JobState.Succeeded;

    public static string ToText(this JobState state) => state switch
    {
        JobState.Receiving => "receiving",
        JobState.Queued => "queued",
        JobState.Running => "running",
        JobState.Committing => "committing",
        JobState.Succeeded => "succeeded",
        JobState.PartiallySucceeded => "partially_succeeded",
        JobState.Failed => "failed",
        JobState.Cancelled => "cancelled",
        _ => throw new ArgumentOutOfRangeException(nameof(state), state, "Unknown job state."),
    };

    public static bool TryParse(string? text, out JobState state)
    {
        foreach (JobState candidate in Enum.GetValues<JobState>())
        {
            if (candidate.ToText() == text)
            {
                state = candidate;
                return true;
            }
        }

        state = default;
        return false;
    }

    /// <summary>The state of a job whose records are all accounted for.</summary>
    public static JobState FinishedWith(RecordCounts counts) =>
        counts.Rejected == 0 ? JobState.Succeeded : JobState.PartiallySucceeded;
}

/// <summary>What became of the records of a job or a chunk.</summary>
/// <param name="Read">Always the sum of the other three once a job is final.</param>
public readonly record struct RecordCounts(long Read, long Loaded, long Rejected, long Filtered)
{
    public bool AddUp => Read == Loaded + Rejected + Filtered;

    public static RecordCounts operator +(RecordCounts a, RecordCounts b) => Add(a, b);

    public static RecordCounts Add(RecordCounts left, RecordCounts right) => new(
        left.Read + right.Read,
        left.Loaded + right.Loaded,
        left.Rejected + right.Rejected,
        left.Filtered + right.Filtered);
}
