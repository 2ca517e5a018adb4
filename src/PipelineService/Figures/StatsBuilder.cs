using System.Xml;
using PipelineService.Jobs.Requests;

namespace PipelineService.Figures;

/// <summary>Makes the answer of what was found.</summary>
internal sealed class StatsBuilder(StatsQuestion question, FigureRows rows)
{
    private const int BucketsPerDoubling = 4;

    private readonly ILookup<(string, string, int), FigureReject> _rejects =
        rows.Rejects.ToLookup(row => (row.Dataset, row.Source, row.Step));

    private readonly ILookup<(string, string, int), FigureLatency> _latencies =
        rows.Latencies.ToLookup(row => (row.Dataset, row.Source, row.Step));

    public StatsView Build() => new(
        question.From,
        question.To,
        XmlConvert.ToString(question.Step),
        [.. By()],
        [
            .. rows.Sums.Where(sum => sum.Rank <= question.Limit).GroupBy(sum => (sum.Dataset, sum.Source))
                .Select(group => GroupOf(group.Key, [.. group])),
        ],
        rows.Sums.Any(sum => sum.Rank > question.Limit));

    /// <summary>The upper bound of a bucket, in seconds.</summary>
    internal static double BoundOf(int bucket) => Math.Round(Math.Pow(2, (double)bucket / BucketsPerDoubling) / 1000, 4);

    private IEnumerable<string> By()
    {
        if (question.ByDataset)
        {
            yield return StatsQuery.Dataset;
        }

        if (question.BySource)
        {
            yield return StatsQuery.Source;
        }
    }

    private StatsGroup GroupOf((string Dataset, string Source) key, FigureSum[] sums) => new(
        question.ByDataset ? key.Dataset : null,
        key.Source.Length > 0 ? key.Source : null,
        FiguresOf(sums, question.To - question.From),
        [.. sums.Select(sum => new StatsStep(AtOf(sum.Step), FiguresOf([sum], LengthOf(sum.Step))))]);

    private StatsFigures FiguresOf(FigureSum[] sums, TimeSpan length)
    {
        long loaded = sums.Sum(sum => sum.Loaded), rejected = sums.Sum(sum => sum.Rejected), filtered = sums.Sum(sum => sum.Filtered);
        long read = loaded + rejected + filtered;
        return new StatsFigures(
            sums.Sum(sum => sum.Jobs),
            sums.Sum(sum => sum.Failed),
            sums.Sum(sum => sum.Cancelled),
            sums.Sum(sum => sum.Bytes),
            new RecordsView(read, loaded, rejected, filtered),
            sums.Sum(sum => sum.Reverted),
            Math.Round(read / length.TotalMinutes, 3),
            read > 0 ? Math.Round((double)rejected / read, 6) : null,
            [
                .. sums.SelectMany(sum => _rejects[(sum.Dataset, sum.Source, sum.Step)])
                    .GroupBy(reject => reject.Code)
                    .Select(code => new StatsReject(code.Key, code.Sum(reject => reject.Records)))
                    .OrderByDescending(reject => reject.Records).ThenBy(reject => reject.Code, StringComparer.Ordinal),
            ],
            LatencyOf([.. sums.SelectMany(sum => _latencies[(sum.Dataset, sum.Source, sum.Step)])]));
    }

    private static StatsLatency? LatencyOf(FigureLatency[] latencies)
    {
        if (latencies.Length == 0)
        {
            return null;
        }

        (int Bucket, long Jobs)[] buckets =
        [
            .. latencies.GroupBy(latency => (int)latency.Bucket).Select(bucket => (bucket.Key, bucket.Sum(latency => latency.Jobs)))
                .OrderBy(bucket => bucket.Key),
        ];
        return new StatsLatency(Percentile(buckets, 0.5), Percentile(buckets, 0.9), Percentile(buckets, 0.99));
    }

    /// <summary>The bound of the bucket in which so many of them are, itself included.</summary>
    private static double Percentile((int Bucket, long Jobs)[] buckets, double share)
    {
        long wanted = (long)Math.Ceiling(share * buckets.Sum(bucket => bucket.Jobs));
        foreach ((int bucket, long jobs) in buckets)
        {
            wanted -= jobs;
            if (wanted <= 0)
            {
                return BoundOf(bucket);
            }
        }

        return BoundOf(buckets[^1].Bucket);
    }

    private DateTime AtOf(int step) => question.From + (step * question.Step);

    /// <summary>The last one may be cut.</summary>
    private TimeSpan LengthOf(int step) =>
        TimeSpan.FromTicks(Math.Min(question.Step.Ticks, (question.To - AtOf(step)).Ticks));
}
