using Npgsql;

namespace PipelineService.Tests.Reliability;

/// <summary>
/// A second database on the same server, with a service and a spool of its own. What happens to the first must not be seen
/// here, and whoever mistakes one's spool for the other's is refused.
/// </summary>
internal sealed class Neighbour : IAsyncDisposable
{
    private const string Name = "neighbour";
    private static readonly string[] Datasets = [Sample.WholeJobs, Sample.ByChunk];

    private readonly NpgsqlDataSource _dataSource;
    private readonly string _connectionString;
    private readonly Field _field;

    private Neighbour(Server server, int seed)
    {
        _connectionString = new NpgsqlConnectionStringBuilder(server.ConnectionString) { Database = Name }.ConnectionString;
        _dataSource = new NpgsqlDataSourceBuilder(_connectionString + ";Pooling=false").Build();
        _field = new Field(_connectionString, _dataSource, $"{Name}-{seed}") { AgeMax = Torture.CycleAgeMax };
    }

    public int Accepted => _field.Accepted.Count;

    public static async Task<Neighbour> StartAsync(Server server, int seed)
    {
        await using (NpgsqlCommand create = server.DataSource.CreateCommand($"CREATE DATABASE {Name}"))
        {
            await create.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
        }

        Neighbour neighbour = new(server, seed);
        await neighbour._field.StartAsync("");
        return neighbour;
    }

    /// <summary>Sends an upload in the background.</summary>
    public Task Send(Random random)
    {
        _field.Extend();
        return _field.Send(Datasets[random.Next(Datasets.Length)], random.Next(1, 2_000));
    }

    /// <summary>Starts a service of this database on another one's spool.</summary>
    /// <returns>What is not as it must be.</returns>
    public async Task<IReadOnlyList<string>> IntrudeAsync(string spool)
    {
        await using var intruder = ServiceProcess.Start(_connectionString, spool, ServiceProcess.FreePort());
        return await intruder.WaitUntilReadyAsync(_field.Token)
            ? [$"a service of another database runs on this spool:\n{intruder.Log}"]
            : [];
    }

    /// <returns>What is not as it must be.</returns>
    public async Task<IReadOnlyList<string>> EndAsync() =>
        [.. (await _field.EndAsync()).Select(fault => $"neighbour: {fault}")];

    public async ValueTask DisposeAsync()
    {
        await _field.DisposeAsync();
        await _dataSource.DisposeAsync();
    }
}
