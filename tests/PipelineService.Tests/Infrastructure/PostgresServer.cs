using System.Collections.Concurrent;
using System.Globalization;
using DotNet.Testcontainers.Builders;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using PipelineService.Hosting.Embedded;
using PipelineService.Hosting.Migrations;
using PipelineService.Tests.Infrastructure;
using Testcontainers.PostgreSql;

[assembly: AssemblyFixture(typeof(PostgresServer))]

namespace PipelineService.Tests.Infrastructure;

/// <summary>
/// The PostgreSQL server of a test run: the one named by <c>PIPELINE_TEST_POSTGRES</c>, else a container where a Docker engine
/// can be reached, else a throw-away server from the programs on this machine. Tests take a database of their own
/// (<see cref="TestDatabase"/>), copied from a template that was migrated once. <see cref="RunLog"/> says which it is.
/// </summary>
public sealed partial class PostgresServer : IAsyncLifetime
{
    private const string Variable = "PIPELINE_TEST_POSTGRES";

    private static readonly TimeSpan AbandonedAge = TimeSpan.FromMinutes(10);
    private static int _databases;

    private readonly string _run = Guid.NewGuid().ToString("N")[..8];
    private readonly SemaphoreSlim _creating = new(1);
    private readonly ConcurrentDictionary<string, Lazy<Task<string>>> _prepared = new();
    private IAsyncDisposable? _owned;
    private bool _templateExists;

    /// <summary>The server's maintenance database, with the right to create databases.</summary>
    public string ConnectionString { get; private set; } = "";

    private string Template => $"pipeline_test_{_run}_template";

    public async ValueTask InitializeAsync()
    {
        RunLog log = new();
        string origin = Variable;
        if (Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } configured)
        {
            ConnectionString = configured;
        }
        else if (await StartContainerAsync() is { } container)
        {
            (origin, _owned, ConnectionString) = ("a container", container, container.GetConnectionString());
        }
        else
        {
            EmbeddedPostgres embedded = await StartEmbeddedAsync(log);
            (origin, _owned, ConnectionString) =
                ($"PostgreSQL {embedded.MajorVersion} in {embedded.DataDirectory}", embedded, embedded.SuperuserConnectionString);
        }

        Log.Uses(log, origin);
        if (ServiceRole.CreateSql(_run, new NpgsqlConnectionStringBuilder(ConnectionString).Username) is { } role)
        {
            await ExecuteAsync(role);
        }
    }

    public async ValueTask DisposeAsync()
    {
        _creating.Dispose();
        if (_owned is not null)
        {
            await _owned.DisposeAsync();
        }
        else if (_templateExists)
        {
            foreach (Lazy<Task<string>> prepared in _prepared.Values)
            {
                await DropDatabaseAsync(await prepared.Value);
            }

            await DropDatabaseAsync(Template);
            if (ServiceRole.DropSql is { } role)
            {
                await ExecuteAsync(role);
            }
        }
    }

    /// <returns>The connection string of a new database.</returns>
    /// <param name="migrated">True: with the service's schema. False: empty.</param>
    public async Task<string> CreateDatabaseAsync(bool migrated = true)
    {
        // One at a time: PostgreSQL refuses to copy a database that another session is reading.
        await _creating.WaitAsync();
        try
        {
            if (migrated && !_templateExists)
            {
                await CreateTemplateAsync();
                _templateExists = true;
            }

            string copy = await CopyDatabaseAsync(migrated ? Template : "template0");
            await (migrated ? Task.CompletedTask : GrantAsync(copy, migrated));
            return copy;
        }
        finally
        {
            _creating.Release();
        }
    }

    /// <summary>Copies a database that is prepared once in a run.</summary>
    /// <param name="name">What it is called here.</param>
    /// <param name="prepareAsync">Brings it from the schema alone to what is copied, by its connection string; leaves nobody connected.</param>
    /// <returns>The connection string of the copy.</returns>
    public async Task<string> CopyPreparedAsync(string name, Func<string, Task> prepareAsync)
    {
        string original = await _prepared.GetOrAdd(name, _ => new Lazy<Task<string>>(async () =>
        {
            string made = await CreateDatabaseAsync();
            await prepareAsync(made);
            return new NpgsqlConnectionStringBuilder(made).Database!;
        })).Value;
        await _creating.WaitAsync();
        try
        {
            return await CopyDatabaseAsync(original);
        }
        finally
        {
            _creating.Release();
        }
    }

    /// <summary>Copies a database that nobody is connected to.</summary>
    /// <returns>The connection string of the copy.</returns>
    public async Task<string> CopyDatabaseAsync(string original)
    {
        string name = string.Create(
            CultureInfo.InvariantCulture, $"pipeline_test_{_run}_{Interlocked.Increment(ref _databases)}");
        await ExecuteAsync($"CREATE DATABASE {name} TEMPLATE {original} ENCODING 'UTF8'");
        return new NpgsqlConnectionStringBuilder(ConnectionString) { Database = name }.ConnectionString;
    }

    public Task DropDatabaseAsync(string name) => ExecuteAsync($"DROP DATABASE IF EXISTS {name} WITH (FORCE)");

    private async Task CreateTemplateAsync()
    {
        await ExecuteAsync($"CREATE DATABASE {Template} TEMPLATE template0 ENCODING 'UTF8'");
        var template = new NpgsqlConnectionStringBuilder(ConnectionString) { Database = Template, Pooling = false };
        await using var connection = new NpgsqlConnection(template.ConnectionString);
        await connection.OpenAsync();
        var migrator = new Migrator(Migration.All, TimeProvider.System, NullLogger<Migrator>.Instance);
        await migrator.MigrateAsync(connection, CancellationToken.None);
        await GrantAsync(template.ConnectionString, migrated: true);
    }

    private Task GrantAsync(string database, bool migrated) =>
        ServiceRole.GrantSql(new NpgsqlConnectionStringBuilder(database).Database!, migrated) is { } grants
            ? ExecuteAsync(grants, database)
            : Task.CompletedTask;

    private async Task ExecuteAsync(string sql, string? database = null)
    {
        var settings = new NpgsqlConnectionStringBuilder(database ?? ConnectionString) { Pooling = false };
        await using var connection = new NpgsqlConnection(settings.ConnectionString);
        await connection.OpenAsync();
#pragma warning disable CA2100 // names that we made
        await using var command = new NpgsqlCommand(sql, connection);
#pragma warning restore CA2100
        await command.ExecuteNonQueryAsync();
    }

    /// <summary>A throw-away server, and the folders of runs that were killed before they could delete theirs.</summary>
    private static async Task<EmbeddedPostgres> StartEmbeddedAsync(RunLog log)
    {
        // Another run may just be making its own: that has no process yet.
        DateTime longAgo = TimeProvider.System.GetUtcNow().UtcDateTime - AbandonedAge;
        foreach (string abandoned in Directory.EnumerateDirectories(Path.GetTempPath(), "pipeline-tests-*"))
        {
            if (Directory.GetLastWriteTimeUtc(abandoned) < longAgo
                && (Postmaster.ReadProcessId(Path.Combine(abandoned, "postgres")) is not { } id || !Postmaster.IsAlive(id)))
            {
                TemporaryFolder.Delete(abandoned);
            }
        }

        var settings = new EmbeddedPostgresSettings
        {
            Directory = Path.Combine(Path.GetTempPath(), $"pipeline-tests-{Guid.NewGuid():N}"),
            Durable = false,
            ConnectionsMax = 190,
        };
        return await EmbeddedPostgres.StartAsync(settings, log, CancellationToken.None);
    }

    private static async Task<PostgreSqlContainer?> StartContainerAsync()
    {
        try
        {
            PostgreSqlContainer container = new PostgreSqlBuilder("postgres:15")
                .WithTmpfsMount("/var/lib/postgresql/data")
                .WithCommand("-c", "fsync=off", "-c", "max_connections=200")
                .Build();
            await container.StartAsync();
            return container;
        }
        catch (DockerUnavailableException)
        {
            return null;
        }
    }

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Information, "Tests use {Server}")]
        public static partial void Uses(ILogger logger, string server);
    }
}
