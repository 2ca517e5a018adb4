using System.Net;
using Npgsql;
using PipelineService.Access.Audit;
using PipelineService.Access.Keys;
using PipelineService.Core.Jobs;
using PipelineService.Hosting.Migrations;
using PipelineService.Hosting.Startup;
using PipelineService.Jobs.Requests;
using PipelineService.Tests.Access;
using PipelineService.Tests.Contracts;
using PipelineService.Tests.Infrastructure;

namespace PipelineService.Tests.Repository;

/// <summary>The service with a role that owns nothing of its schema, as docs/operations.md says how: everything works, and the audit is out of its reach.</summary>
public sealed class LeastRoleTests(EmptyTestDatabase database) : IClassFixture<EmptyTestDatabase>
{
    private const string Password = "a role of its own";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private string Name => new NpgsqlConnectionStringBuilder(database.ConnectionString).Database!;

    private string Owner => $"{Name}_owner";

    private string Service => $"{Name}_service";

    [Fact]
    public async Task A_role_that_owns_nothing_makes_every_call_after_the_owner_has_migrated()
    {
        await database.ExecuteAsync($"""
            CREATE ROLE {Owner} LOGIN PASSWORD '{Password}'; CREATE ROLE {Service} LOGIN PASSWORD '{Password}';
            GRANT CREATE ON DATABASE {Name} TO {Owner}; GRANT USAGE, CREATE ON SCHEMA public TO {Service}
            """);
        try
        {
            StartupException early = await Assert.ThrowsAsync<StartupException>(() => ServiceUnderTest.StartAsync(As(Service)));
            Assert.Contains($"migrate --grant {Service}", early.Message, StringComparison.Ordinal);
            Assert.StartsWith(
                $"The schema is at step {Migration.All.Count}; {Migration.All.Count} of them", await MigrateAsync(),
                StringComparison.Ordinal);
            Assert.StartsWith($"The schema is at step {Migration.All.Count}; 0 of them", await MigrateAsync(), StringComparison.Ordinal);

            await using (
                ServiceUnderTest service = await ServiceUnderTest.StartAsync(
                    As(Service),
                    [("Access:AdminKey", GuardedService.AdminKey), ("Events:AllowHttp", "true"), ("Events:AllowPrivateAddresses", "true"), ExampleCalls.FolderSetting]))
            {
                GuardedService.Authorize(service.Client, GuardedService.AdminKey);
                Api api = new(service.Client);
                await ExampleCalls.MakeAsync(api);
                await LookUpAndGrowAsync(api);
                await AssertAuditIsOutOfReachAsync();
                Assert.True(await DropAllEventsAsync());
            }

            Assert.Equal("", await OwnedAsync());
            Assert.Equal((0, 0), (await KeysAsync("create", "line", "--scopes", "read"), await VerifyAsync()));
        }
        finally
        {
            await database.ExecuteAsync(
                $"DROP OWNED BY {Service} CASCADE; DROP ROLE {Service}; DROP OWNED BY {Owner} CASCADE; DROP ROLE {Owner}");
        }
    }

    /// <summary>As the service empties days that are kept no longer.</summary>
    private async Task<bool> DropAllEventsAsync()
    {
        await using var service = NpgsqlDataSource.Create(As(Service));
        await using NpgsqlCommand drop = service.CreateCommand("SELECT bool_or(pipeline.drop_events(slot)) FROM generate_series(0, 15) slot");
        return await drop.ExecuteScalarAsync(Token) is true;
    }

    [Fact]
    public void The_grants_that_are_written_down_are_those_that_are_made()
    {
        string written = MarkdownText.Blocks(RepositoryFiles.Read("docs", "operations.md"), "sql").ElementAt(2);

        Assert.Equal(ServiceGrants.To("pipeline").ReplaceLineEndings("\n").Trim(), written.ReplaceLineEndings("\n").Trim());
    }

    [Theory]
    [InlineData("--grant needs the name of a role", "--grant")]
    [InlineData("There is no option \"--grnt\"", "--grnt", "x")]
    [InlineData("cannot be used", "--ConnectionStrings:Pipeline", "Host=127.0.0.1;Port=1;Username=nobody")]
    public async Task The_command_says_what_it_cannot_do(string fault, params string[] words)
    {
        using StringWriter text = new();
        int code = await MigrateCommand.RunAsync(["migrate", .. words], text, text, Token);

        Assert.Equal(2, code);
        Assert.Contains(fault, text.ToString(), StringComparison.Ordinal);
    }

    /// <summary>Tables that are made, filled anew, looked up, grown by columns and by keys.</summary>
    private static async Task LookUpAndGrowAsync(Api api)
    {
        await api.DeclareAsync("least_zones", """
            { 'schema': { 'fields': [{ 'name': 'id', 'type': 'integer' }, { 'name': 'name' }], 'primaryKey': 'id' },
              'load': { 'mode': 'replace' }, 'lookup': { 'key': ['id'] } }
            """);
        Assert.Equal(JobState.Succeeded, (await api.LoadAsync("least_zones", "id,name\n1,north\n")).State);
        const string Fields = "{ 'schema': { 'fields': [{ 'name': 'zone', 'type': 'integer' }MORE] }KEYS, 'transforms': [{ 'op': 'lookup', 'from': 'least_zones', 'match': { 'id': 'zone' }, 'set': { 'zone_name': 'name' } }] }";
        await api.DeclareAsync(
            "least_trips", Fields.Replace("MORE", "", StringComparison.Ordinal).Replace("KEYS", "", StringComparison.Ordinal));
        JobView job = await api.LoadAsync("least_trips", "zone\n1\n");
        Assert.Equal((JobState.Succeeded, 1L), (job.State, job.Records.Loaded));
        await api.DeclareAsync(
            "least_trips",
            Fields.Replace("MORE", ", { 'name': 'n', 'type': 'integer' }", StringComparison.Ordinal).Replace("KEYS", "", StringComparison.Ordinal));
        Assert.Equal(JobState.Succeeded, (await api.LoadAsync("least_zones", "id,name\n1,south\n2,west\n")).State);
        Assert.Equal(HttpStatusCode.OK, (await api.RevertAsync(job.Id)).Status);
    }

    private async Task AssertAuditIsOutOfReachAsync()
    {
        await using var own = NpgsqlDataSource.Create(As(Service));
        foreach (string sql in (string[])
        [
            "UPDATE pipeline.audit SET actor = 'nobody'", "DELETE FROM pipeline.audit_links", "TRUNCATE pipeline.audit",
            "ALTER TABLE pipeline.audit DISABLE TRIGGER USER",
            "DROP TABLE pipeline.jobs", "DELETE FROM pipeline.migrations", "CREATE SCHEMA other",
        ])
        {
            await using NpgsqlCommand command = own.CreateCommand(sql);
            PostgresException refused = await Assert.ThrowsAsync<PostgresException>(() => command.ExecuteNonQueryAsync(Token));
            Assert.Equal((sql, PostgresErrorCodes.InsufficientPrivilege), (sql, refused.SqlState));
        }
    }

    /// <summary>Versions of datasets that are looked up are the only tables that the service makes for itself.</summary>
    private Task<string?> OwnedAsync() => database.ScalarAsync<string>($"""
        SELECT coalesce(string_agg(c.relname, ','), '') FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE n.nspname = 'pipeline' AND c.relowner = '{Service}'::regrole AND c.relname !~ '^(lookup|view)_[0-9a-f]'
        """);

    private async Task<string> MigrateAsync()
    {
        using StringWriter text = new();
        int code = await MigrateCommand.RunAsync(
            ["migrate", "--grant", Service, "--ConnectionStrings:Pipeline", As(Owner)], text, text, Token);
        Assert.True(code == 0, text.ToString());
        return text.ToString();
    }

    private async Task<int> KeysAsync(params string[] words)
    {
        using StringWriter text = new();
        return await KeysCommand.RunAsync(["keys", .. words, "--ConnectionStrings:Pipeline", As(Service)], text, text);
    }

    private async Task<int> VerifyAsync()
    {
        using StringWriter text = new();
        return await AuditCommand.RunAsync(["audit", "verify", "--ConnectionStrings:Pipeline", As(Service)], text, text, Token);
    }

    private string As(string role) =>
        new NpgsqlConnectionStringBuilder(database.ConnectionString) { Username = role, Password = Password, Pooling = false }.ConnectionString;
}
