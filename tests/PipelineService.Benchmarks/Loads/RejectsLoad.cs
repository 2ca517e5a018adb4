using PipelineService.Benchmarks.Harness;
using PipelineService.Client;
using PipelineService.Client.Sample;

namespace PipelineService.Benchmarks.Loads;

/// <summary>How long one service takes over one composition, and whether it rejects what it must.</summary>
internal sealed class RejectsLoad(ServiceProcess service, RejectsData data, RejectsLoad? clean)
{
    private readonly string _table = $"public.{data.Dataset}";

    public string Name => $"{service.Build.Name}: {data.Name}";

    /// <summary>What its time is compared with.</summary>
    public RejectsLoad Clean => clean ?? this;

    public int Rejects => data.Expected.Count;

    public List<double> Seconds { get; } = [];

    /// <summary>Of the service while it loads this, over all rounds.</summary>
    public double PeakMB { get; private set; }

    /// <summary>The loads of one service.</summary>
    public static IReadOnlyList<RejectsLoad> Of(ServiceProcess service, IReadOnlyList<RejectsData> all)
    {
        Dictionary<RejectsData, RejectsLoad> loads = [];
        foreach (RejectsData data in all)
        {
            loads[data] = new RejectsLoad(service, data, data.Clean is null ? null : loads[data.Clean]);
        }

        return [.. all.Select(data => loads[data])];
    }

    public async Task DeclareAsync()
    {
        await service.Client.DeclareAsync(
            data.Dataset, TripsDefinition.Create(_table, hasKey: true), CancellationToken.None);
        if (data.ReferenceSql is not null)
        {
            await service.Database.ExecuteAsync(data.ReferenceSql);
        }
    }

    public async Task MeasureAsync(bool isWarmUp)
    {
        await service.Database.EmptyAsync(_table);
        await service.Database.ExecuteAsync("CHECKPOINT");
        ProcessUsage.ResetPeak(service.Id);
        long started = TimeProvider.System.GetTimestamp();
        using HttpContent body = data.File.OpenBody();
        ObservedJob job = await service.Client.UploadAsync(data.Dataset, body, waitSeconds: 10, CancellationToken.None);
        job = await service.Client.FollowAsync(job, changed: null, CancellationToken.None);
        double seconds = TimeProvider.System.GetElapsedTime(started).TotalSeconds;
        PeakMB = Math.Max(PeakMB, ProcessUsage.PeakResidentMB(service.Id));

        Check.Loaded(job, data.File.Rows - Rejects, Rejects);
        Check.Equal(data.File.Rows - Rejects, await service.Database.CountAsync(_table), "rows in the table");
        await CompareRejectsAsync(job);
        if (!isWarmUp)
        {
            Seconds.Add(seconds);
        }
    }

    private async Task CompareRejectsAsync(ObservedJob job)
    {
        int index = 0;
        await foreach (ObservedDeadLetter found in service.Client.DeadLettersAsync(job.Id, CancellationToken.None))
        {
            Check.That(index < Rejects, $"more dead letters than bad records: record {found.Record}");
            Check.Equal(1, found.Errors.Count, $"errors of record {found.Record}");
            ExpectedReject expected = data.Expected[index++];
            long line = data.ReferenceSql is null ? found.Line : 0;
            Check.Equal(
                expected,
                new ExpectedReject(line, found.Record, found.Errors[0].Field ?? "", found.Errors[0].Code),
                $"dead letter {index}");
        }

        Check.Equal(Rejects, index, "dead letters");
    }
}
