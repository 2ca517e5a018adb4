using System.Diagnostics.Metrics;
using Microsoft.Extensions.DependencyInjection;
using PipelineService.Core.Jobs;
using PipelineService.Core.Rules;
using PipelineService.Datasets.Models;
using PipelineService.Hosting.Telemetry;
using PipelineService.Sources;
using PipelineService.Tests.Infrastructure;

namespace PipelineService.Tests.Repository;

/// <summary>docs/operations.md names every metric of ours with its labels, and none that there is not.</summary>
public sealed class MetricsTableTests(RunningService running) : IClassFixture<RunningService>
{
    [Fact]
    public async Task Names_every_metric_with_its_labels()
    {
        string section = MarkdownText.Section(RepositoryFiles.Read("docs", "operations.md"), "Watching it");
        IEnumerable<string> shown = from row in MarkdownText.Rows(section)
                                    let name = MarkdownText.Code(row[0])!
                                    where name.StartsWith("pipeline.", StringComparison.Ordinal)
                                    select $"{name}: {row[1]}";

        // Some are made by background work, when its turn comes.
        SortedSet<string> actual = [];
        await BoundedWait.UntilAsync("the last of the metrics to be made", () =>
        {
            actual = Actual();
            return actual.Contains("pipeline.queue.age: ") && actual.Contains("pipeline.tables.resting: ");
        });
        Assert.Equal(actual, shown.Order(StringComparer.Ordinal));
    }

    private SortedSet<string> Actual()
    {
        PipelineMetrics metrics = running.Service.Services.GetRequiredService<PipelineMetrics>();
        IMeterFactory meters = running.Service.Services.GetRequiredService<IMeterFactory>();
        SortedSet<string> seen = new(StringComparer.Ordinal);
        using MeterListener listener = new();
        listener.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Meter.Name == PipelineMetrics.MeterName && instrument.Meter.Scope == meters)
            {
                listener.EnableMeasurementEvents(instrument);
            }
        };
        listener.SetMeasurementEventCallback<long>((instrument, _, labels, _) => See(instrument, labels));
        listener.SetMeasurementEventCallback<int>((instrument, _, labels, _) => See(instrument, labels));
        listener.SetMeasurementEventCallback<double>((instrument, _, labels, _) => See(instrument, labels));
        listener.Start();
        RecordTally tally = new();
        tally.Add(new RecordCounts(Read: 2, Loaded: 1, Rejected: 1, Filtered: 0));
        tally.AddReason(RecordErrorCode.Required);
        metrics.UploadReceived("documented", "somebody", bytes: 1);
        metrics.UploadTaken(TimeSpan.Zero);
        running.Service.Services.GetRequiredService<ModelSessions>(); // has a gauge
        running.Service.Services.GetRequiredService<ModelMetrics>().Of("documented").Called(rows: 1, hasAnswered: false);
        metrics.BytesDecoded("documented", "gzip", bytes: 1);
        metrics.ChunkWritten("documented", records: 2, TimeSpan.Zero);
        metrics.LookupAsked("documented", keys: 1);
        metrics.RecordsSettled("documented", "somebody", tally);
        metrics.JobFinished("documented", "failed", "internal_error", TimeSpan.Zero);
        metrics.RowsVisible("documented", TimeSpan.Zero);
        metrics.WebhookAnswered("delivered", TimeSpan.Zero);
        EnrichmentMetrics enrichment = running.Service.Services.GetRequiredService<EnrichmentMetrics>();
        enrichment.Called("documented", "answered");
        enrichment.Retried("documented");
        enrichment.Answered("documented", hits: 1, misses: 1, stale: 1);
        enrichment.Waited("documented", TimeSpan.FromSeconds(1));
        enrichment.Gaps("documented", count: 1, "left");
        enrichment.Observe(() => [("documented", 0, 0)], () => 0);
        SourceMetrics sources = running.Service.Services.GetRequiredService<SourceMetrics>();
        sources.Took("documented", bytes: 1);
        sources.TookMessages("documented", count: 1);
        sources.Saw("documented", new SourceLag(1, 1, null, 0));
        listener.RecordObservableInstruments();
        return seen;

        void See(Instrument instrument, ReadOnlySpan<KeyValuePair<string, object?>> labels)
        {
            List<string> names = [];
            foreach (KeyValuePair<string, object?> label in labels)
            {
                names.Add(label.Key);
            }

            seen.Add($"{instrument.Name}: {string.Join(", ", names)}");
        }
    }
}
