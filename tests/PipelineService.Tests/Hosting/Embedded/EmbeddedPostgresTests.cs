using System.Diagnostics;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using PipelineService.Hosting.Embedded;
using PipelineService.Hosting.Startup;
using PipelineService.Tests.Infrastructure;

namespace PipelineService.Tests.Hosting.Embedded;

/// <summary>Also run as root in containers and CI, where the server drops to another user.</summary>
public sealed class EmbeddedPostgresTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Keeps_its_data_from_one_start_to_the_next()
    {
        await using (EmbeddedPostgres first = await StartAsync())
        {
            await ExecuteAsync(first, "CREATE TABLE kept AS SELECT 42 AS answer");
        }

        await using EmbeddedPostgres second = await StartAsync();
        Assert.Equal(42, await ScalarAsync(second, "SELECT answer FROM kept"));
        Assert.Equal("UTF8", await ScalarAsync(second, "SHOW server_encoding"));
        Assert.Equal("on", await ScalarAsync(second, "SHOW fsync"));
        Assert.Equal("on", await ScalarAsync(second, "SHOW synchronous_commit"));
    }

    [Fact]
    public async Task Refuses_a_second_start_in_the_same_folder()
    {
        await using EmbeddedPostgres first = await StartAsync();

        StartupException refusal = await Assert.ThrowsAsync<StartupException>(StartAsync);

        Assert.StartsWith("Another PipelineService is running with its data in", refusal.Message, StringComparison.Ordinal);
        Assert.Equal(1, await ScalarAsync(first, "SELECT 1"));
    }

    /// <summary>A power cut can leave it empty.</summary>
    [Fact]
    public async Task Starts_over_an_empty_pid_file()
    {
        string data;
        await using (EmbeddedPostgres first = await StartAsync())
        {
            data = first.DataDirectory;
        }

        await File.WriteAllTextAsync(Postmaster.PidFile(data), "", Cancellation);

        await using EmbeddedPostgres second = await StartAsync();
        Assert.Equal(1, await ScalarAsync(second, "SELECT 1"));
    }

    [Fact]
    public async Task Ignores_a_pid_file_whose_number_belongs_to_another_process()
    {
        string data;
        await using (EmbeddedPostgres first = await StartAsync())
        {
            data = first.DataDirectory;
        }

        // Our own number: alive, and not a PostgreSQL. Left alone, PostgreSQL would refuse to start.
        await File.WriteAllTextAsync(
            Postmaster.PidFile(data), $"{Environment.ProcessId}\n{data}\n0\n5432\n{data}\n\n", Cancellation);

        await using EmbeddedPostgres second = await StartAsync();
        Assert.Equal(1, await ScalarAsync(second, "SELECT 1"));
    }

    [Fact]
    public async Task Takes_over_from_a_server_that_was_left_running()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "There is no lifeline to cut.");
        await using EmbeddedPostgres left = await StartAsync();
        await ExecuteAsync(left, "CREATE TABLE kept AS SELECT 42 AS answer");

        // As after kill -9 of the service, at its worst: the shell that should have stopped the server is killed as well.
        await KillAsync(left.LifelineProcessId!.Value);
        left.Abandon();

        await using EmbeddedPostgres next = await StartAsync();
        Assert.NotEqual(left.ProcessId, next.ProcessId);
        Assert.False(await Postmaster.OwnsAsync(left.ProcessId, left.DataDirectory, Cancellation));
        Assert.Equal(42, await ScalarAsync(next, "SELECT answer FROM kept"));
    }

    [Fact]
    public async Task Stops_when_the_pipe_to_its_owner_closes()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "There is no lifeline.");
        await using EmbeddedPostgres server = await StartAsync();

        server.Abandon();

        using var process = Process.GetProcessById(server.ProcessId);
        await process.WaitForExitAsync(Cancellation).WaitAsync(TimeSpan.FromSeconds(30), Cancellation);
    }

    [Fact]
    public async Task Starts_again_when_it_was_killed()
    {
        await using EmbeddedPostgres server = await StartAsync();
        await ExecuteAsync(server, "CREATE TABLE kept AS SELECT 42 AS answer");
        int killed = server.ProcessId;
        await KillAsync(killed);

        await server.EnsureRunningAsync(Cancellation);

        Assert.NotEqual(killed, server.ProcessId);
        Assert.Equal(42, await ScalarAsync(server, "SELECT answer FROM kept"));
    }

    [Fact]
    public async Task Its_role_owns_the_database_and_has_no_rights_over_the_server()
    {
        await using EmbeddedPostgres server = await StartAsync();

        Assert.Equal(false, await ScalarAsync(
            server, "SELECT rolsuper OR rolcreaterole OR rolcreatedb OR rolreplication OR rolbypassrls FROM pg_roles WHERE rolname = current_user"));
        await ExecuteAsync(server, "CREATE SCHEMA pipeline; CREATE TABLE pipeline.jobs (); CREATE TABLE jobs AS SELECT 42 AS answer");
        Assert.Equal(42, await ScalarAsync(server, "SELECT answer FROM jobs")); // public.jobs, not the service's own
    }

    [Fact]
    public async Task Takes_a_server_whose_role_is_still_its_superuser_as_it_is()
    {
        await using (EmbeddedPostgres made = await StartAsync())
        {
            // As earlier versions made it: no other superuser, and the service's role is one.
            await using var database = NpgsqlDataSource.Create(made.SuperuserConnectionString);
            await using NpgsqlCommand command = database.CreateCommand(
                "CREATE TABLE kept AS SELECT 42 AS answer; ALTER TABLE kept OWNER TO pipeline; "
                + "ALTER ROLE pipeline SUPERUSER; ALTER ROLE postgres NOLOGIN");
            await command.ExecuteNonQueryAsync(Cancellation);
        }

        await using EmbeddedPostgres server = await StartAsync();

        Assert.Equal(42, await ScalarAsync(server, "SELECT answer FROM kept"));
    }

    [Fact]
    public async Task Is_found_where_it_was_asked_to_be_when_its_account_may_not_be_there()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows() || !Environment.IsPrivilegedProcess, "Only root has the server run as somebody else.");
        string closed = Path.Combine(_folder.Path, "closed");
#pragma warning disable CA1416 // skipped on Windows
        Directory.CreateDirectory(closed, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
#pragma warning restore CA1416
        await using EmbeddedPostgres server = await EmbeddedPostgres.StartAsync(
            new EmbeddedPostgresSettings { Directory = closed, Durable = false }, NullLogger.Instance, Cancellation);
        Assert.DoesNotContain(closed, server.DataDirectory, StringComparison.Ordinal);

        var asked = new NpgsqlConnectionStringBuilder(server.ConnectionString) { Host = Path.Combine(closed, "postgres"), Pooling = false };
        await using var connection = new NpgsqlConnection(asked.ConnectionString);
        await connection.OpenAsync(Cancellation);
    }

    [Fact]
    public async Task Listens_on_a_loopback_port_with_a_password_where_a_socket_has_no_room()
    {
        string deep = Path.Combine(_folder.Path, new string('d', 90));
        await using EmbeddedPostgres server = await EmbeddedPostgres.StartAsync(
            new EmbeddedPostgresSettings { Directory = deep, Durable = false }, NullLogger.Instance, Cancellation);
        Assert.Equal(1, await ScalarAsync(server, "SELECT 1"));

        var wrong = new NpgsqlConnectionStringBuilder(server.ConnectionString) { Password = "wrong", Pooling = false };
        Assert.Equal("127.0.0.1", wrong.Host);
        await using var connection = new NpgsqlConnection(wrong.ConnectionString);
        PostgresException refusal = await Assert.ThrowsAsync<PostgresException>(() => connection.OpenAsync(Cancellation));
        Assert.Equal(PostgresErrorCodes.InvalidPassword, refusal.SqlState);
    }

    [Fact]
    public async Task Names_the_folder_that_holds_no_programs()
    {
        StartupException fault = await Assert.ThrowsAsync<StartupException>(() => EmbeddedPostgres.StartAsync(
            new EmbeddedPostgresSettings { Directory = Path.Combine(_folder.Path, "data"), Binaries = _folder.Path },
            NullLogger.Instance,
            Cancellation));

        Assert.Contains(_folder.Path, fault.Message, StringComparison.Ordinal);
        Assert.Contains("initdb", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Refuses_data_that_another_major_version_wrote()
    {
        string data = Path.Combine(_folder.Path, "data", "postgres");
        Directory.CreateDirectory(data);
        await File.WriteAllTextAsync(Path.Combine(data, "PG_VERSION"), "8\n", Cancellation);

        StartupException fault = await Assert.ThrowsAsync<StartupException>(StartAsync);

        Assert.StartsWith("The data was written by PostgreSQL 8", fault.Message, StringComparison.Ordinal);
    }

    public void Dispose() => _folder.Dispose();

    private static async Task KillAsync(int processId)
    {
        using var process = Process.GetProcessById(processId);
        process.Kill();
        await process.WaitForExitAsync(Cancellation);
    }

    private static async Task ExecuteAsync(EmbeddedPostgres server, string sql) => await ScalarAsync(server, sql);

    private static async Task<object?> ScalarAsync(EmbeddedPostgres server, string sql)
    {
        await using var database = NpgsqlDataSource.Create(server.ConnectionString);
        await using NpgsqlCommand command = database.CreateCommand(sql);
        return await command.ExecuteScalarAsync(Cancellation);
    }

    private Task<EmbeddedPostgres> StartAsync() => EmbeddedPostgres.StartAsync(
        new EmbeddedPostgresSettings { Directory = Path.Combine(_folder.Path, "data") }, NullLogger.Instance, Cancellation);
}
