using Npgsql;
using PipelineService.Hosting;
using PipelineService.Hosting.Postgres;
using PipelineService.Hosting.Startup;

namespace PipelineService.Spool.Local;

/// <summary>
/// A spool belongs to one database. At each start, before anything of either is touched: 1. compare the identity of the
/// database with the one that the spool knows, 2. note the spool in the database, 3. note the database in the spool, 4.
/// take the spool into use.
/// </summary>
internal sealed class SpoolBinding(
    SpoolDirectory spool, Database database, Instance instance, IConfiguration configuration)
{
    private const string KnowsSql = """
        SELECT EXISTS (SELECT FROM pipeline.spools WHERE id = $1) OR EXISTS (SELECT FROM pipeline.jobs WHERE spool = $1)
        """;

    private const string NoteSql = """
        INSERT INTO pipeline.spools (id, directory, host) VALUES ($1, $2, $3)
        ON CONFLICT (id) DO UPDATE SET directory = excluded.directory, host = excluded.host, last_used_at = now()
        """;

    private string OwnerFile => SpoolOwner.PathIn(spool.Root);

    /// <exception cref="StartupException">The spool belongs to another database.</exception>
    public async Task BindAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        spool.Identify();
        SpoolOwner ours = new(database.Identity.Id, DatabaseAddress.Of(configuration).Text);
        SpoolOwner? owner = spool.FindOwner();
        int uploads = spool.SealedUploads().Count();
        if (owner is null && uploads > 0 && !await KnowsSpoolAsync(connection, cancellationToken))
        {
            throw new StartupException(
                $"The spool {spool.Root} holds {uploads} uploads, and {ours} has never had a job from it. "
                + Ways(ours, uploads));
        }

        ThrowUnlessOurs(ours, owner, uploads);
        await NoteSpoolAsync(connection, cancellationToken);
        ThrowUnlessOurs(ours, spool.BelongTo(ours), uploads); // another service may have been first
        spool.Prepare(instance.Id);
    }

    private void ThrowUnlessOurs(SpoolOwner ours, SpoolOwner? owner, int uploads)
    {
        if (owner is not null && owner.Identity != ours.Identity)
        {
            string held = uploads == 0 ? "no upload" : $"{uploads} uploads for it";
            throw new StartupException(
                $"The spool {spool.Root} belongs to {owner} and holds {held}; this is {ours}. {Ways(ours, uploads)}");
        }
    }

    private string Ways(SpoolOwner ours, int uploads) =>
        "Nothing was touched. Start with the database that the spool belongs to, or give this one a spool of its own "
        + "(Spool__Directory). " + (uploads == 0
            ? $"To hand the spool over to this database, delete {OwnerFile}."
            : $"Only if this database is to load those uploads, write {ours.Identity} into {OwnerFile}.");

    /// <summary>A spool that was used before spools knew their database; or one whose file was deleted.</summary>
    private async Task<bool> KnowsSpoolAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        await using NpgsqlCommand knows = new(KnowsSql, connection) { Parameters = { new() { Value = spool.Id } } };
        return await knows.ExecuteScalarAsync(cancellationToken) is true;
    }

    private async Task NoteSpoolAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        await using NpgsqlCommand note = new(NoteSql, connection)
        {
            Parameters =
            {
                new() { Value = spool.Id }, new() { Value = spool.Root }, new() { Value = Environment.MachineName },
            },
        };
        await note.ExecuteNonQueryAsync(cancellationToken);
    }
}
