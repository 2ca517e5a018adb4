using System.Globalization;

namespace PipelineService.Tests.Reliability;

/// <summary>PostgreSQL is away for a while, and uploads keep coming.</summary>
public sealed class OutageTests
{
    /// <summary>How long, in seconds; 60 by hand.</summary>
    private const string Variable = "PIPELINE_OUTAGE_SECONDS";

    /// <summary>Of one processor, while uploads are still received.</summary>
    private const double LoadMax = 0.8;

    private static readonly TimeSpan UploadEvery = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan CatchUpMax = TimeSpan.FromSeconds(30);

    [Fact]
    public async Task Outage_of_the_database_refuses_no_upload_and_loses_no_record()
    {
        var outage = TimeSpan.FromSeconds(int.Parse(Environment.GetEnvironmentVariable(Variable) ?? "4", CultureInfo.InvariantCulture));
        await using Server server = await Server.StartAsync();
        await using Field field = new(server.ConnectionString, server.DataSource, "outage");
        await field.StartAsync("");
        foreach (string dataset in Sample.Independent)
        {
            await field.Send(dataset, records: 1_000);
        }

        await server.StopImmediatelyAsync();
        TimeSpan processorTime = field.Service.ProcessorTime;
        long down = TimeProvider.System.GetTimestamp();
        while (TimeProvider.System.GetElapsedTime(down) < outage)
        {
            foreach (string dataset in Sample.Independent)
            {
                await field.Send(dataset, records: 500);
            }

            await Task.Delay(UploadEvery, TimeProvider.System, field.Token);
        }

        double load = (field.Service.ProcessorTime - processorTime) / TimeProvider.System.GetElapsedTime(down);
        await field.WaitUntilAnsweredAsync();
        Assert.Empty(field.Sender.Refusals); // looked at here: who asks for a job at once after the outage may be told to wait

        await server.RestartAsync();
        long up = TimeProvider.System.GetTimestamp();
        await field.WaitUntilFinalAsync();
        TimeSpan catchUp = TimeProvider.System.GetElapsedTime(up);

        TestContext.Current.SendDiagnosticMessage(
            "{0} uploads in an outage of {1}: load {2:P0}, all final {3} after its end", field.Accepted.Count, outage, load, catchUp);
        await field.EndWellAsync();
        Assert.Contains("The database cannot be reached", field.Service.Log, StringComparison.Ordinal);
        Assert.Contains("The database is back", field.Service.Log, StringComparison.Ordinal);
        if (Environment.GetEnvironmentVariable(Variable) is not null)
        {
            // Looked at by hand: a busy machine says nothing about it.
            Assert.True(load < LoadMax, $"The service used {load:P0} of a processor while it had nothing to do.");
            Assert.True(catchUp < CatchUpMax, $"It took {catchUp} to catch up.");
        }
    }
}
