using PipelineService.Core.Jobs;
using PipelineService.Core.Rules;
using PipelineService.Spool.Formats;

namespace PipelineService.Jobs.Runs;

/// <summary>A small job whose rows are among those of a shared transaction.</summary>
/// <param name="Place">Among the jobs of the call.</param>
/// <param name="Row">Its row before.</param>
/// <param name="Start">Where its records start.</param>
/// <param name="End">Where what is decoded of its upload ends.</param>
/// <param name="Lines">Lines of its records.</param>
/// <param name="Ops">What the dataset's transforms did.</param>
/// <param name="Elapsed">What reading and transforming it took.</param>
internal sealed record TransformedJob(
    SmallJob Job, int Place, JobRow Row, RecordsStart Start, long End, long Lines, RecordCounts Counts, IReadOnlyList<OpCount> Ops,
    TimeSpan Elapsed);
