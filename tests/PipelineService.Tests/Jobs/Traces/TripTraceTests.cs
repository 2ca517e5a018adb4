using System.Globalization;
using System.Net.Http.Headers;
using System.Text.Json.Nodes;
using Npgsql;
using PipelineService.Client.Sample;
using PipelineService.Core.Jobs;
using PipelineService.Jobs.Requests;
using PipelineService.Jobs.Traces;
using PipelineService.Tests.Infrastructure;

namespace PipelineService.Tests.Jobs.Traces;

/// <summary>Records of a large job, chosen at random: each agrees with the table or its dead letter, and is found fast.</summary>
public sealed class TripTraceTests(RunningService running) : IClassFixture<RunningService>
{
    /// <summary>Records of the job, and how many of them are traced; 1,000,000 and 1,000 by hand.</summary>
    internal const string RecordsVariable = "PIPELINE_TRACE_RECORDS", TracesVariable = "PIPELINE_TRACES";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Agree_with_the_table_or_the_dead_letters()
    {
        int records = Number(RecordsVariable, 20_000), traces = Number(TracesVariable, 30);
        TripsGenerator trips = new(new TripsOptions { Rows = records, RuleErrorShare = 0.01, TypeErrorShare = 0.01 });
        JobView job = await LoadAsync(trips);
        var rejects = trips.ExpectedRejects.ToDictionary(reject => reject.Record);
        Assert.Equal((records, rejects.Count), (job.Records.Read, job.Records.Rejected));

        Random random = new(7);
        List<RecordTraceView> loaded = [];
        List<double> times = [];
        foreach (long record in Enumerable.Range(0, traces).Select(_ => random.NextInt64(1, records + 1)).Append(1).Append(records))
        {
            long start = TimeProvider.System.GetTimestamp();
            ApiAnswer answer = await running.Api.GetAsync($"/v1/jobs/{job.Id}/records/{record}");
            times.Add(TimeProvider.System.GetElapsedTime(start).TotalMilliseconds);
            RecordTraceView trace = answer.Read<RecordTraceView>();
            Assert.Equal(("upload", null), (trace.DerivedFrom, trace.Note));
            if (rejects.TryGetValue(record, out ExpectedReject reject))
            {
                Assert.Equal((record, "rejected", reject.Line), (record, trace.Outcome.State, trace.Position!.Line));
                Assert.Contains(trace.Outcome.Errors, error => (error.Field, error.Code) == (reject.Field, reject.Code));
                Assert.Equal(reject.Code, trace.Checks.Single(check => check.Field == reject.Field).Code);
            }
            else
            {
                Assert.Equal((record, "loaded", "found"), (record, trace.Outcome.State, trace.Row.State));
                loaded.Add(trace);
            }
        }

        Assert.Equal(loaded.Count, await CountAgreedAsync(job.Id, loaded));
        times.Sort();
        TestContext.Current.SendDiagnosticMessage(
            "{0} traces of {1} records ({2} loaded): p50 {3:F1} ms, p99 {4:F1} ms, the longest {5:F1} ms",
            times.Count, records, loaded.Count, times[times.Count / 2], times[times.Count * 99 / 100], times[^1]);
    }

    private async Task<JobView> LoadAsync(TripsGenerator trips)
    {
        JsonObject definition = TripsDefinition.Create("public.traced_trips");
        definition["load"]!["keepUpload"] = "PT1H";
        await running.Api.DeclareAsync("traced_trips", definition.ToJsonString());
        using MemoryStream data = new();
        await trips.WriteToAsync(data, Token);
        data.Position = 0;
        using StreamContent body = new(data);
        body.Headers.ContentType = new MediaTypeHeaderValue("text/csv");
        ApiAnswer upload = await running.Api.UploadAsync("traced_trips", body);
        JobView job = await running.Api.WhenFinalAsync(upload.Job.Id);
        Assert.Equal(JobState.PartiallySucceeded, job.State);
        return job;
    }

    /// <summary>How many rows of the table have exactly what their traces say that they have.</summary>
    private async Task<long> CountAgreedAsync(Guid job, List<RecordTraceView> traces)
    {
        TracedCheckView[] columns = [.. traces[0].Checks];
        string names = string.Join(", ", columns.Select((_, i) => $"c{i}"));
        string arrays = string.Join(", ", columns.Select((_, i) => $"${i + 3}::text[]"));
        string same = string.Join(" AND ", columns.Select((column, i) => $"t.{column.Field} IS NOT DISTINCT FROM v.c{i}::text::{TypeOf(column)}"));
        await using NpgsqlCommand command = running.Database.DataSource.CreateCommand($"""
            SELECT count(DISTINCT t.trip_id) FROM unnest($2::bigint[], {arrays}) AS v (record, {names})
            JOIN traced_trips t ON t._job_id = $1 AND t._record = v.record AND {same}
            """);
        RecordTraceView[] each = [.. traces.DistinctBy(trace => trace.Record)];
        command.Parameters.Add(new() { Value = job });
        command.Parameters.Add(new() { Value = each.Select(trace => trace.Record).ToArray() });
        for (int i = 0; i < columns.Length; i++)
        {
            int column = i;
            command.Parameters.Add(new() { Value = each.Select(trace => trace.Checks[column].Stored).ToArray() });
        }

        long agreed = (long)(await command.ExecuteScalarAsync(Token))!;
        return agreed + traces.Count - each.Length;
    }

    /// <summary>As the rule of the type says it: <c>number as numeric(10,2)</c>.</summary>
    private static string TypeOf(TracedCheckView column) =>
        column.Rules.Single(rule => rule.Rule == "type").Demand.Split(" as ", 2)[1];

    private static int Number(string variable, int otherwise) =>
        int.Parse(Environment.GetEnvironmentVariable(variable) ?? $"{otherwise}", CultureInfo.InvariantCulture);
}
