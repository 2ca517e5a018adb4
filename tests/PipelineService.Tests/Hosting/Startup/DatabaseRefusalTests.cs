using System.Net;
using Npgsql;
using PipelineService.Core.Jobs;
using PipelineService.Jobs.Requests;
using PipelineService.Tests.Infrastructure;
using Serilog.Events;

namespace PipelineService.Tests.Hosting.Startup;

/// <summary>
/// A database that is there and does not let the service in, or at its tables, while it runs: an operator's matter, and no fault
/// of the service or of a request.
/// </summary>
public sealed class DatabaseRefusalTests(EmptyTestDatabase database) : IClassFixture<EmptyTestDatabase>
{
    [Fact]
    public async Task Answers_503_and_goes_on_when_the_role_may_log_in_again()
    {
        await using Role role = await Role.CreateAsync(database);
        LogRecorder log = new();
        await using ServiceUnderTest service = await StartAsync(role, log);
        Api api = new(service.Client);
        await api.DeclareAsync("locked_out", Readings.Definition("'load': { 'table': 'landing.locked_out' }"));

        await role.LockOutAsync();
        ApiAnswer refused = await RefusedAsync(api, "28000");
        JobView job = (await api.UploadAsync("locked_out", Readings.Csv(3))).Job;
        await role.LetInAsync();

        Assert.NotNull(refused["Retry-After"]);
        Assert.Equal(JobState.Succeeded, (await api.WhenFinalAsync(job.Id)).State);
        LogLine[] lines = [.. log.Lines.Where(line => line.Text.Contains("28000", StringComparison.Ordinal))];
        Assert.NotEmpty(lines);
        Assert.All(log.Lines.Where(line => line.Level >= LogEventLevel.Warning), line => Assert.Null(line.Exception));
    }

    [Fact]
    public async Task Answers_503_when_a_right_at_its_own_tables_is_gone()
    {
        await using Role role = await Role.CreateAsync(database);
        await using ServiceUnderTest service = await StartAsync(role, new LogRecorder());
        Api api = new(service.Client);
        await database.ExecuteAsync($"REVOKE ALL ON pipeline.jobs FROM {role.Name}");

        ApiAnswer refused = await RefusedAsync(api, "42501");
        await database.ExecuteAsync($"GRANT ALL ON pipeline.jobs TO {role.Name}");

        Assert.NotNull(refused["Retry-After"]);
        Assert.Equal(HttpStatusCode.OK, (await api.GetAsync("/v1/jobs")).Status);
    }

    /// <summary>Its breaker opens too, and then it says that instead: the first answers name the reason.</summary>
    private static async Task<ApiAnswer> RefusedAsync(Api api, string sqlState)
    {
        ApiAnswer answer = await api.GetAsync("/v1/jobs");
        Assert.Equal(HttpStatusCode.ServiceUnavailable, answer.Status);
        Assert.Equal("database_unavailable", answer.Problem.Code);
        Assert.Contains($"SQLSTATE {sqlState}", answer.Problem.Detail, StringComparison.Ordinal);
        return answer;
    }

    private Task<ServiceUnderTest> StartAsync(Role role, LogRecorder log) => ServiceUnderTest.StartAsync(
        new NpgsqlConnectionStringBuilder(database.ConnectionString) { Username = role.Name, Password = role.Password }.ConnectionString,
        [
            ("Hosting:BreakerFailures", "1000"), ("Hosting:BreakerDuration", "00:00:00.5"), ("Hosting:RetryDelayMax", "00:00:00.2"),
            ("Jobs:LeaseTime", "00:00:01"),
        ],
        configure: log.AddTo);

    /// <summary>A role that owns what the service makes, and that the test can lock out.</summary>
    private sealed class Role(TestDatabase database) : IAsyncDisposable
    {
        public string Name { get; } = $"refused_{Guid.NewGuid():N}";

        public string Password { get; } = $"{Guid.NewGuid():N}";

        public static async Task<Role> CreateAsync(TestDatabase database)
        {
            Role role = new(database);
            await database.ExecuteAsync($"""
                CREATE ROLE {role.Name} LOGIN PASSWORD '{role.Password}';
                DO $$ BEGIN EXECUTE format('GRANT CONNECT, CREATE, TEMPORARY ON DATABASE %I TO {role.Name}', current_database()); END $$;
                CREATE SCHEMA landing AUTHORIZATION {role.Name}
                """);
            return role;
        }

        /// <summary>
        /// From here on it gets no connection, and has none. Two statements, each with a transaction of its own: until the first has
        /// committed, who is thrown out may come in again.
        /// </summary>
        public async Task LockOutAsync()
        {
            await database.ExecuteAsync($"ALTER ROLE {Name} NOLOGIN");
            await database.ExecuteAsync($"SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE usename = '{Name}'");
        }

        public Task LetInAsync() => database.ExecuteAsync($"ALTER ROLE {Name} LOGIN");

        public async ValueTask DisposeAsync() => await database.ExecuteAsync($"DROP OWNED BY {Name} CASCADE; DROP ROLE {Name}");
    }
}
