using System.Globalization;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using PipelineService.Client;
using PipelineService.Client.Sample;
using PipelineService.Core.Jobs;
using PipelineService.Hosting.Postgres;

namespace PipelineService.Hosting.Demo;

/// <summary>
/// <c>--demo</c>: a client of this very service, over HTTP. Declares a dataset, makes 200,000 rows while it uploads them,
/// follows the job, prints what became of them, and lets the service go on. Should the job fail, the process ends with
/// exit code 1.
/// </summary>
internal sealed class DemoRunner(
    IServer server, IHostApplicationLifetime lifetime, ServiceLifetime signals, Database database, IConfiguration configuration,
    TimeProvider time)
    : BackgroundService
{
    public const string Dataset = "demo_trips";

    private const string Table = "public.demo_trips";
    private const int RejectsShownMax = 5;

    private static readonly TimeSpan ProgressPeriod = TimeSpan.FromMilliseconds(100);

    /// <summary>A few bad records in 200,000: rejects are half of what there is to show.</summary>
    private static readonly TripsOptions Trips =
        new() { Rows = 200_000, TypeErrorShare = 0.000_1, RuleErrorShare = 0.000_1 };

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            await StartedAsync(stoppingToken);
            await database.Readiness.WaitAsync(stoppingToken);
            if (!await RunAsync(stoppingToken))
            {
                End("the job did not load the data");
            }
        }
        catch (Exception error) when (error is OperationCanceledException or HttpRequestException or PipelineClientException
            && lifetime.ApplicationStopping.IsCancellationRequested)
        {
            // The service stops, and refuses or breaks off what its demo is at.
            Console.WriteLine();
            Console.WriteLine("demo: stopped before its end.");
            Environment.ExitCode = signals.ExitCodeOfBrokenOff;
        }
        catch (Exception error) when (error is HttpRequestException or PipelineClientException or InvalidOperationException)
        {
            End(error.Message);
        }
    }

    private async Task StartedAsync(CancellationToken stoppingToken)
    {
        var started = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using CancellationTokenRegistration onStart = lifetime.ApplicationStarted.Register(started.SetResult);
        await started.Task.WaitAsync(stoppingToken);
    }

    private async Task<bool> RunAsync(CancellationToken stoppingToken)
    {
        Uri address = OwnAddress();
        using var http = new HttpClient { BaseAddress = address, Timeout = Timeout.InfiniteTimeSpan };
        var client = new PipelineClient(http, configuration["Access:AdminKey"]);
        var line = new ProgressLine(Console.Out, !Console.IsOutputRedirected, time);

        await client.DeclareAsync(Dataset, Definition(), stoppingToken);
        Console.WriteLine($"demo: dataset {Dataset} is declared, sending {Trips.Rows:N0} rows of CSV to {address}");

        long started = time.GetTimestamp();
        var generator = new TripsGenerator(Trips);
        ObservedJob job = await UploadAsync(client, generator, line, stoppingToken);
        job = await client.FollowAsync(job, j => line.Show(Describe(j)), stoppingToken);
        TimeSpan elapsed = time.GetElapsedTime(started);

        line.Close();
        await ReportAsync(client, job, generator, elapsed, stoppingToken);
        if (job.State is not (JobState.Succeeded or JobState.PartiallySucceeded))
        {
            Console.WriteLine($"      {job.Error}");
            return false;
        }

        PrintNextSteps(address, job);
        return true;
    }

    /// <summary>Trips that were paid for, with a price per kilometre.</summary>
    private static JsonObject Definition()
    {
        JsonObject definition = TripsDefinition.Create(Table);
        definition["transforms"] = JsonNode.Parse("""
            [
              { "op": "trim", "fields": ["note"] },
              { "op": "filter", "name": "paid_only", "expression": "paid" },
              { "op": "derive", "field": "fare_per_km", "type": "number", "sqlType": "double precision",
                "expression": "fare / nullif(distance_km, 0)" }
            ]
            """);
        return definition;
    }

    private async Task<ObservedJob> UploadAsync(
        PipelineClient client, TripsGenerator generator, ProgressLine line, CancellationToken stoppingToken)
    {
        Task<ObservedJob> upload = SendAsync(client, generator, stoppingToken);
        using var ticks = new PeriodicTimer(ProgressPeriod, time);
        while (!upload.IsCompleted)
        {
            line.Show($"demo: sent {generator.Rows:N0} rows, {generator.Bytes / 1e6:F1} MB");
            await Task.WhenAny(upload, ticks.WaitForNextTickAsync(stoppingToken).AsTask());
        }

        return await upload;
    }

    private static async Task<ObservedJob> SendAsync(
        PipelineClient client, TripsGenerator generator, CancellationToken stoppingToken)
    {
        using var body = new TripsContent(generator, "text/csv");
        return await client.UploadAsync(Dataset, body, waitSeconds: 0, stoppingToken);
    }

    private static async Task ReportAsync(
        PipelineClient client, ObservedJob job, TripsGenerator generator, TimeSpan elapsed, CancellationToken stoppingToken)
    {
        double seconds = elapsed.TotalSeconds;
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"demo: {job.State.ToText()}: {job.Records.Read:N0} read = {job.Records.Loaded:N0} loaded + "
            + $"{job.Records.Rejected:N0} rejected + {job.Records.Filtered:N0} filtered"));
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"      {generator.Bytes / 1e6:F1} MB in {seconds:F2} s, from the first byte sent to the last row committed: "
            + $"{job.Records.Read / seconds:N0} rows/s"));

        int shown = 0;
        await foreach (ObservedDeadLetter reject in client.DeadLettersAsync(job.Id, stoppingToken))
        {
            if (shown++ == RejectsShownMax)
            {
                Console.WriteLine("      …");
                break;
            }

            ObservedRecordError error = reject.Errors[0];
            Console.WriteLine($"      line {reject.Line}: {error.Field}: {error.Code}: {error.Message}");
        }
    }

    private void PrintNextSteps(Uri address, ObservedJob job)
    {
        Console.WriteLine("demo: done; the service goes on (Ctrl+C ends it). To look at it:");
        Console.WriteLine($"      {PsqlCommand.For(database.DataSource.ConnectionString, $"SELECT * FROM {Table} LIMIT 5")}");
        Console.WriteLine($"      curl {address}v1/jobs/{job.Id}");
        Console.WriteLine($"      curl -H 'Accept: text/csv' {address}v1/jobs/{job.Id}/dead-letters");
    }

    private void End(string reason)
    {
        Console.WriteLine();
        Console.WriteLine($"demo: failed: {reason}");
        Environment.ExitCode = 1;
        lifetime.StopApplication();
    }

    private static string Describe(ObservedJob job) => string.Create(
        CultureInfo.InvariantCulture,
        $"demo: {job.State.ToText()}{(job.WaitingFor is null ? "" : $", waiting for the {job.WaitingFor}")}: "
        + $"{job.Progress?.Ratio ?? 0:P0}, {job.Records.Loaded:N0} rows loaded, {job.Records.Rejected:N0} rejected");

    /// <summary>An address that a client on this machine can use: a service bound to all addresses has no host to call.</summary>
    private Uri OwnAddress()
    {
        string address = server.Features.Get<IServerAddressesFeature>()?.Addresses.FirstOrDefault()
            ?? throw new InvalidOperationException("The service listens on no address that the demo could call.");
        var binding = BindingAddress.Parse(address);
        bool isWildcard = binding.Host is "*" or "+" or "0.0.0.0" or "[::]";
        return new UriBuilder(binding.Scheme, isWildcard ? "127.0.0.1" : binding.Host, binding.Port).Uri;
    }
}
