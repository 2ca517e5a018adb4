using System.Globalization;
using Npgsql;
using PipelineService.Access.Audit;
using PipelineService.Tests.Infrastructure;

namespace PipelineService.Tests.Access.Audit;

/// <summary>Entries in a database without a service, and who links them.</summary>
internal sealed class AuditStand(TestDatabase database)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public AuditLinker Linker { get; } = new(database.Database);

    public static AuditEntry Entry(string subject) => AuditEntry.Of(
        AuditActor.Service, AuditActions.DatasetPut, TimeProvider.System.GetUtcNow(), subject, "audited", ("version", 1));

    /// <summary>Writes an entry in a transaction of its own.</summary>
    public async Task<Guid> WriteAsync(string subject)
    {
        AuditEntry entry = Entry(subject);
        await using NpgsqlConnection connection = await database.DataSource.OpenConnectionAsync(Token);
        await AuditWriter.WriteAsync(connection, [entry], Token);
        return entry.Id;
    }

    /// <summary>Links all that is visible now.</summary>
    public async Task LinkAllAsync(int batchMax = AuditLinker.BatchMax)
    {
        while ((await Linker.LinkAsync(Token, batchMax)).Linked > 0)
        {
        }
    }

    public Task<AuditVerdict> VerifyAsync(AuditAnchor? head = null, AuditAnchor? start = null) =>
        new AuditVerifier(database.DataSource).VerifyAsync(head, start, Token);

    /// <summary>The objects of the entries, in the order of their links.</summary>
    public async Task<string[]> LinkedAsync()
    {
        await using NpgsqlCommand command = database.DataSource.CreateCommand(
            "SELECT a.object FROM pipeline.audit_links l JOIN pipeline.audit a ON a.id = l.audit_id ORDER BY l.seq");
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(Token);
        List<string> objects = [];
        while (await reader.ReadAsync(Token))
        {
            objects.Add(reader.GetString(0));
        }

        return [.. objects];
    }

    /// <summary>An audit of so many entries, all linked, whatever was there before.</summary>
    public async Task RenewAsync(int entries)
    {
        await ForgeAsync("TRUNCATE pipeline.audit, pipeline.audit_links");
        for (int i = 1; i <= entries; i++)
        {
            await WriteAsync(string.Create(CultureInfo.InvariantCulture, $"entry/{i}"));
            await LinkAllAsync();
        }
    }

    /// <summary>What somebody does who has all rights on the server and wants nobody to know.</summary>
    public Task ForgeAsync(string sql) => database.ExecuteAsync($"""
        ALTER TABLE pipeline.audit DISABLE TRIGGER USER;
        ALTER TABLE pipeline.audit_links DISABLE TRIGGER USER;
        {sql};
        ALTER TABLE pipeline.audit ENABLE TRIGGER USER;
        ALTER TABLE pipeline.audit_links ENABLE TRIGGER USER;
        """);
}
