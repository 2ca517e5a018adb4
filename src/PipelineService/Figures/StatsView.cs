using PipelineService.Jobs.Requests;

namespace PipelineService.Figures;

/// <summary>What became of records: exact, from the rows of jobs that have ended and from chunks that were committed by themselves.</summary>
/// <param name="From">The first minute.</param>
/// <param name="To">The minute behind the last one.</param>
/// <param name="Step">The length of a step.</param>
/// <param name="By">What groups are told apart by.</param>
/// <param name="Truncated">Whether there are more groups than were asked for; those with the most records are told.</param>
public sealed record StatsView(
    DateTime From, DateTime To, string Step, IReadOnlyList<string> By, IReadOnlyList<StatsGroup> Groups, bool Truncated);

/// <summary>The figures of one group.</summary>
/// <param name="Dataset">Null where they are not told apart by it.</param>
/// <param name="Source">Null where they are not told apart by it, and of uploads that named none.</param>
/// <param name="Total">All steps together.</param>
/// <param name="Steps">In their order; those in which nothing was, are left out.</param>
public sealed record StatsGroup(string? Dataset, string? Source, StatsFigures Total, IReadOnlyList<StatsStep> Steps);

/// <summary>The figures of a step.</summary>
/// <param name="At">Its first minute.</param>
public sealed record StatsStep(DateTime At, StatsFigures Figures);

/// <summary>Figures of a group in a time.</summary>
/// <param name="Jobs">Jobs that ended, failed and cancelled ones included.</param>
/// <param name="JobsFailed">Those that failed.</param>
/// <param name="JobsCancelled">Those that were cancelled.</param>
/// <param name="Bytes">Bytes of their uploads, as they were sent.</param>
/// <param name="Records">What became of records, as the jobs say it.</param>
/// <param name="RowsReverted">Rows that were removed by reverts and replacements in this time; below 0 where more came back.</param>
/// <param name="RecordsPerMinute">Records read, a minute.</param>
/// <param name="ErrorRate">The share of the records that were rejected; null without any.</param>
/// <param name="Rejects">Why, the most frequent code first.</param>
/// <param name="LatencySeconds">From the last byte of an upload to the end of its job; null without any that was loaded.</param>
public sealed record StatsFigures(
    long Jobs, long JobsFailed, long JobsCancelled, long Bytes, RecordsView Records, long RowsReverted, double RecordsPerMinute,
    double? ErrorRate, IReadOnlyList<StatsReject> Rejects, StatsLatency? LatencySeconds);

/// <summary>A reason.</summary>
/// <param name="Code">A code of dead letters; `other`: rarer ones of a job that has more than twenty pairs of code and field.</param>
/// <param name="Records">How many have it; a record counts once for each of its fields that has it.</param>
public sealed record StatsReject(string Code, long Records);

/// <summary>Bounds within which so many percent of the jobs ended. Each may be up to 19 % above the true one.</summary>
public sealed record StatsLatency(double P50, double P90, double P99);
