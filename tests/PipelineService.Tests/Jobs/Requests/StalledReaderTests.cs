using System.Net;
using PipelineService.Jobs.Requests;
using PipelineService.Tests.Infrastructure;

namespace PipelineService.Tests.Jobs.Requests;

/// <summary>Clients that ask for all dead letters and do not read them.</summary>
public sealed class StalledReaderTests(StalledReaderTests.SmallPool running) : IClassFixture<StalledReaderTests.SmallPool>
{
    private readonly Api _api = running.Api;

    [Theory]
    [InlineData("stalled_ndjson", "application/x-ndjson")]
    [InlineData("stalled_csv", "text/csv")]
    public async Task Ends_readers_that_stall_and_lets_none_of_them_hold_a_connection_to_the_database(string dataset, string form)
    {
        string path = await RejectAsync(dataset);
        string request = $"GET {path} HTTP/1.1\r\nHost: localhost\r\nAccept: {form}\r\n\r\n";
        RawConnection[] readers = await Task.WhenAll(Enumerable.Range(0, SmallPool.Connections + 3)
            .Select(_ => RawConnection.OpenAsync(_api.Address, request, receiveBytes: 4096)));

        // All have begun, and nobody asks the database for more.
        await BoundedWait.UntilAsync("every reader to stall", async () =>
            running.RequestsInProgress == readers.Length && await QueriesAsync() == 0);
        Assert.Equal(HttpStatusCode.OK, (await _api.GetAsync("/v1/jobs")).Status);
        Assert.Equal(readers.Length, running.RequestsInProgress);

        await running.WhenDoneWithRequestsAsync();
        foreach (RawConnection reader in readers)
        {
            string part = await reader.ReadUntilAsync("}");
            Assert.StartsWith("HTTP/1.1 200", part, StringComparison.Ordinal);
            reader.Dispose();
        }
    }

    /// <summary>A job with more dead letters than the buffers of both operating systems hold.</summary>
    private async Task<string> RejectAsync(string dataset)
    {
        await _api.DeclareAsync(dataset, Readings.Definition());
        JobView job = await _api.LoadAsync(dataset, Readings.Csv(1));
        await running.Database.ExecuteAsync(
            $"""
            INSERT INTO pipeline.dead_letters (job_id, record, line, byte_offset, errors, raw)
            SELECT '{job.Id}', record, record, 0, jsonb_build_array(jsonb_build_object(
                'field', 'id', 'code', 'type_mismatch', 'message', 'no integer', 'value', 'x')), convert_to(repeat('x', 16000), 'UTF8')
            FROM generate_series(1, 2000) record
            """);
        return job.Links.DeadLetters;
    }

    private Task<long> QueriesAsync() => running.Database.ScalarAsync<long>(
        """
        SELECT count(*) FROM pg_stat_activity
        WHERE datname = current_database() AND pid <> pg_backend_pid() AND state <> 'idle' AND query LIKE '%dead_letters%'
        """);

    /// <summary>Fewer connections to the database than readers.</summary>
    public sealed class SmallPool(PostgresServer server) : RunningService(server)
    {
        public const int Connections = 6;

        protected override IEnumerable<(string Key, string? Value)> Settings =>
        [
            ("Hosting:PoolSizeMax", $"{Connections}"),
            ("Hosting:ReaderStallTimeout", "00:00:02"),
            ("Write:SessionsMax", "1"),
            ("Write:SessionsPerJobMax", "1"),
            ("Write:SessionsReceivingMax", "1"),
        ];
    }
}
