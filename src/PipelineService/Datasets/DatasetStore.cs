using System.Text.Json;
using Dapper;
using Npgsql;
using PipelineService.Access;
using PipelineService.Access.Audit;
using PipelineService.Core.Datasets;
using PipelineService.Datasets.Definitions;
using PipelineService.Datasets.Definitions.Transforms;
using PipelineService.Datasets.Lookups;
using PipelineService.Datasets.Models;
using PipelineService.Datasets.Tables;
using PipelineService.Datasets.Views;
using PipelineService.Hosting.Http;
using PipelineService.Hosting.Postgres;

namespace PipelineService.Datasets;

/// <summary>What a PUT came to: the dataset as it now stands, or the problem because of which nothing changed.</summary>
/// <param name="IsCreated">Whether the dataset did not exist (or was deleted) before.</param>
/// <param name="Warnings">JSON pointer into the definition → what the table does not do of what stands there, if anything.</param>
public sealed record PutOutcome(
    StoredDataset? Dataset, bool IsCreated, Problem? Problem, IReadOnlyDictionary<string, string[]>? Warnings = null);

/// <summary>Datasets in the database: a definition and the table that it needs change together or not at all.</summary>
public sealed class DatasetStore(Database database, DatasetCatalog catalog, TimeProvider time)
{
    /// <summary>Names among which one that was meant is looked for.</summary>
    private const int NamesMax = 1_000;

    /// <summary>Declares a dataset, or a new version of it when the definition differs from the current one.</summary>
    public async Task<PutOutcome> PutAsync(
        string name, DatasetDefinition definition, DatasetPrecondition precondition, Caller caller, AuditActor actor,
        CancellationToken cancellationToken)
    {
        var change = new Change(name, definition, precondition, caller, actor, time.GetDatabaseNow());
        PutOutcome outcome = await database.RunAsync(
            (connection, token) => TryPutAsync(connection, change, token), cancellationToken);
        if (outcome.Dataset is StoredDataset stored)
        {
            catalog.Remember(new DatasetVersion(
                name, stored.Version, change.VersionCreatedAt, change.Definition, catalog.Secrets)
            {
                Tenant = stored.Tenant,
            });
        }

        return outcome;
    }

    /// <summary>Deletes a dataset; its table, data, versions and jobs stay.</summary>
    /// <returns>Null, or why nothing was deleted.</returns>
    public async Task<Problem?> DeleteAsync(
        string name, DatasetPrecondition precondition, Caller caller, AuditActor actor, CancellationToken cancellationToken)
    {
        DateTimeOffset now = time.GetDatabaseNow();
        Problem? problem = await database.RunAsync(
            async (connection, token) =>
            {
                await using NpgsqlTransaction transaction = await connection.BeginTransactionAsync(token);
                await connection.ExecuteAsync(new CommandDefinition(DatasetSql.Lock, new { name }, cancellationToken: token));
                StoredDataset? current = await FindAsync(connection, name, token);
                if (current is not null && !caller.Sees(name, current.Tenant))
                {
                    return DatasetProblems.NotFound(name);
                }

                if (!precondition.HoldsFor(current?.Version))
                {
                    return DatasetProblems.PreconditionFailed(name);
                }

                if (current is null)
                {
                    return DatasetProblems.NotFound(name);
                }

                await connection.ExecuteAsync(
                    new CommandDefinition(DatasetSql.Delete, new { name, now = now.UtcDateTime }, cancellationToken: token));
                await ViewStore.DeclareAsync(connection, name, definition: null, token);
                await AuditWriter.WriteAsync(connection, [DeletionOf(current)], token);
                await transaction.CommitAsync(token);
                return null;
            },
            cancellationToken);
        if (problem is null)
        {
            catalog.Forget(name);
        }

        return problem;

        AuditEntry DeletionOf(StoredDataset deleted) => AuditEntry.Of(
            actor, AuditActions.DatasetDelete, now, $"dataset/{name}", name, ("version", deleted.Version));
    }

    /// <summary>The datasets that a definition looks up, as they are declared now, as far as the caller may know of them.</summary>
    /// <param name="body">What was sent.</param>
    public Task<LookupSources> ReadLookupsAsync(JsonElement body, Caller caller, CancellationToken cancellationToken) =>
        LookupSources.ReadAsync(
            body,
            async name => await FindAsync(name, caller, cancellationToken) is { } stored
                ? DatasetVersion.Read(name, stored.Version, stored.UpdatedAt, stored.Definition, stored.Tenant, catalog.Secrets).Definition
                : null,
            async () => [.. (await ListAsync(after: null, NamesMax, caller, cancellationToken)).Select(listed => listed.Name)]);

    /// <summary>A dataset that the caller may know of.</summary>
    public async Task<StoredDataset?> FindAsync(string name, Caller caller, CancellationToken cancellationToken) =>
        await database.RunAsync((connection, token) => FindAsync(connection, name, token), cancellationToken) is { } found
        && caller.Sees(name, found.Tenant)
            ? found
            : null;

    /// <summary>Datasets that the caller may know of, by name.</summary>
    /// <param name="after">The name after which to begin; null from the start.</param>
    public Task<IReadOnlyList<ListedDataset>> ListAsync(
        string? after, int limit, Caller caller, CancellationToken cancellationToken) =>
        QueryAsync<ListedDataset>(
            DatasetSql.List,
            new { after, limit, caller.Tenant, names = caller.Datasets.Names, prefixes = caller.Datasets.Prefixes },
            cancellationToken);

    /// <summary>The versions of a dataset, newest first; none when it does not exist.</summary>
    /// <param name="before">The version before which to begin; null from the newest.</param>
    public Task<IReadOnlyList<ListedVersion>> ListVersionsAsync(
        string name, int? before, int limit, CancellationToken cancellationToken) =>
        QueryAsync<ListedVersion>(DatasetSql.ListVersions, new { name, before, limit }, cancellationToken);

    private Task<IReadOnlyList<T>> QueryAsync<T>(string sql, object parameters, CancellationToken cancellationToken) =>
        database.RunAsync<IReadOnlyList<T>>(
            async (connection, token) =>
                [.. await connection.QueryAsync<T>(new CommandDefinition(sql, parameters, cancellationToken: token))],
            cancellationToken);

    private static Task<StoredDataset?> FindAsync(NpgsqlConnection connection, string name, CancellationToken token) =>
        connection.QuerySingleOrDefaultAsync<StoredDataset>(
            new CommandDefinition(DatasetSql.Find, new { name }, cancellationToken: token));

    /// <summary>
    /// What PostgreSQL refuses becomes a problem here, inside of the retries: the driver counts a lock that was not to be
    /// had among the faults worth another try, and has already waited for it as long as we want to.
    /// </summary>
    private static async Task<PutOutcome> TryPutAsync(
        NpgsqlConnection connection, Change change, CancellationToken token)
    {
        try
        {
            return await PutOnceAsync(connection, change, token);
        }
        catch (PostgresException exception)
            when (TableProblems.For(exception, change.Definition.Load.Table) is Problem problem)
        {
            return new PutOutcome(null, false, problem);
        }
    }

    /// <summary>
    /// The transaction of a PUT: 1. lock, 2. types, 3. compare and ask for rights, 4. table, 5. version and
    /// views, 6. entry in the audit.
    /// Run again after a fault whose outcome is unknown, it recognises its own commit and gives the same answer.
    /// </summary>
    private static async Task<PutOutcome> PutOnceAsync(
        NpgsqlConnection connection, Change change, CancellationToken token)
    {
        await using NpgsqlTransaction transaction = await connection.BeginTransactionAsync(token);

        // 1. One writer of this dataset at a time.
        await connection.ExecuteAsync(new CommandDefinition(DatasetSql.BoundLockWaits, cancellationToken: token));
        await connection.ExecuteAsync(new CommandDefinition(DatasetSql.Lock, new { change.Name }, cancellationToken: token));

        // 2. What the database knows of the column types.
        DefinitionFaults faults = new();
        change.Definition = await ColumnTypes.ResolveAsync(connection, change.Sent, faults, token);

        // 3. What is there, and does the client mean that?
        DatasetState? state = await connection.QuerySingleOrDefaultAsync<DatasetState>(new CommandDefinition(
            DatasetSql.FindState, new { change.Name, definition = change.Json }, cancellationToken: token));
        if (change.Committing is PutOutcome committed
            && state is { IsSame: true, IsDeleted: false } && state.Version == committed.Dataset!.Version)
        {
            return committed;
        }

        if (state is not null && !change.Caller.Sees(change.Name, state.Tenant))
        {
            return new PutOutcome(null, false, DatasetProblems.NameTaken(change.Name));
        }

        DatasetState? current = state is { IsDeleted: false } ? state : null;
        if (change.Precondition.ProblemFor(change.Name, current?.Version) is Problem unmet)
        {
            return new PutOutcome(null, false, unmet);
        }

        if (faults.Any)
        {
            return new PutOutcome(null, false, DatasetProblems.InvalidDefinition(faults.ToErrors()));
        }

        if (await TableRights.FaultOfAsync(connection, change.Caller, change.Definition, token) is Problem refused)
        {
            return new PutOutcome(null, false, refused);
        }

        if (await ModelRefs.FaultOfAsync(connection, change.Definition, token) is Problem missing)
        {
            return new PutOutcome(null, false, missing);
        }

        // 4. The table; also for an unchanged definition, so that putting it again mends a table that was dropped.
        PreparedTable table = await TargetTable.PrepareAsync(connection, change.Name, change.Definition, token);
        if (table.Problem is not null)
        {
            return new PutOutcome(null, false, table.Problem);
        }

        change.Warnings = await WithReplacementAsync(connection, change, table.Warnings, token);

        // 5. The version. A deleted dataset comes back with the next number, so that no number ever means two definitions.
        PutOutcome outcome;
        if (current is { IsSame: true })
        {
            change.VersionCreatedAt = current.UpdatedAt;
            outcome = change.OutcomeOf(current.Version, current.CreatedAt, current.UpdatedAt, current.Tenant, isCreated: false);
        }
        else
        {
            int version = (state?.Version ?? 0) + 1;
            string? tenant = state is null ? change.Caller.Tenant : state.Tenant;
            var parameters = new { change.Name, version, change.Now, tenant, definition = change.Json };
            await connection.ExecuteAsync(new CommandDefinition(DatasetSql.Put, parameters, cancellationToken: token));
            await connection.ExecuteAsync(
                new CommandDefinition(DatasetSql.InsertVersion, parameters, cancellationToken: token));
            change.VersionCreatedAt = change.Now;
            outcome = change.OutcomeOf(version, state?.CreatedAt ?? change.Now, change.Now, tenant, isCreated: current is null);
            change.Committing = outcome;
        }

        await ViewStore.DeclareAsync(connection, change.Name, change.Definition, token);

        // Uploads that are answered from now on wait in the spool for this version, and it must not be forgotten before them.
        await connection.ExecuteAsync(new CommandDefinition(DurableCommit.Sql, cancellationToken: token));

        // 6. Who did it, with what was done or not at all.
        await AuditWriter.WriteAsync(connection, [change.EntryOf(outcome, current?.Version)], token);
        await transaction.CommitAsync(token);
        return outcome;
    }

    /// <summary>Adds what may be in the way of uploads that replace all rows.</summary>
    private static async Task<IReadOnlyDictionary<string, string[]>?> WithReplacementAsync(
        NpgsqlConnection connection, Change change, IReadOnlyDictionary<string, string[]>? warnings, CancellationToken token)
    {
        IReadOnlyDictionary<string, string[]>? all = TransformWarnings.With(warnings, change.Definition);
        if (change.Definition.Load.Mode != LoadMode.Replace)
        {
            return all;
        }

        TableShape? shape = await TargetTable.LookAsync(connection, change.Definition.Load.Table, token);
        Dictionary<string, string[]> more = await ReplacedTable.WarningsOfAsync(connection, change.Definition, shape, token);
        return more.Count == 0 ? all : new OrderedDictionary<string, string[]>((all ?? new Dictionary<string, string[]>()).Concat(more));
    }

    /// <summary>A PUT on its way.</summary>
    private sealed record Change(
        string Name, DatasetDefinition Sent, DatasetPrecondition Precondition, Caller Caller, AuditActor Actor, DateTimeOffset At)
    {
        /// <summary>Of all tries: tried again after a fault whose outcome is unknown, it has one entry.</summary>
        private readonly Guid _entryId = Guid.CreateVersion7(At);

        public DateTime Now => At.UtcDateTime;

        /// <summary>What was sent, with the types of all columns once they are known.</summary>
        public DatasetDefinition Definition { get; set; } = Sent;

        public string Json => DefinitionWriter.Write(Definition);

        public DateTime VersionCreatedAt { get; set; }

        public IReadOnlyDictionary<string, string[]>? Warnings { get; set; }

        /// <summary>Set before COMMIT is sent: from then on the change may be in the database.</summary>
        public PutOutcome? Committing { get; set; }

        /// <summary>Told of an unchanged definition too: putting it again may have made a table that was missing.</summary>
        /// <param name="before">The version that was current; null when there was none.</param>
        public AuditEntry EntryOf(PutOutcome outcome, int? before)
        {
            var entry = AuditEntry.Of(
                Actor, AuditActions.DatasetPut, At, $"dataset/{Name}", Name,
                ("version", outcome.Dataset!.Version), ("before", before), ("table", Definition.Load.Table.ToString()));
            return entry with { Id = _entryId };
        }

        public PutOutcome OutcomeOf(int version, DateTime createdAt, DateTime updatedAt, string? tenant, bool isCreated) =>
            new(new StoredDataset(Name, version, Json, createdAt, updatedAt, tenant), isCreated, null, Warnings);
    }
}
