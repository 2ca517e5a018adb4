using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json;
using Dapper;
using Npgsql;
using PipelineService.Access;
using PipelineService.Access.Audit;
using PipelineService.Core.Scoring;
using PipelineService.Hosting.FaultInjection;
using PipelineService.Hosting.Http;
using PipelineService.Hosting.Postgres;

namespace PipelineService.Datasets.Models;

/// <summary>What a PUT came to: the version, or the problem because of which nothing changed.</summary>
/// <param name="IsCreated">Whether there was no such file of the model before.</param>
public sealed record PutModel(ModelRow? Row, bool IsCreated, Problem? Problem);

/// <summary>A file of a model, and what it takes and gives.</summary>
public sealed record ModelFile(byte[] Bytes, ModelSignature Signature);

/// <summary>Models in the database, files included, so that every instance has them: each change with its entry in the audit.</summary>
public sealed class ModelStore(Database database, TimeProvider time)
{
    public const int ModelsMax = 1_000;
    public const int VersionsMax = 100;

    /// <summary>Files are large: they may take longer than other requests have. Then the database is too slow.</summary>
    private static readonly TimeSpan FileTimeMax = TimeSpan.FromSeconds(60);

    /// <summary>A version of a model that the caller may know of; with no number the newest.</summary>
    public async Task<ModelRow?> FindAsync(string name, int? version, Caller caller, CancellationToken cancellationToken) =>
        await database.RunAsync(
            (connection, token) => connection.QuerySingleOrDefaultAsync<ModelRow>(Command(ModelSql.Find, new { name, version }, token)),
            cancellationToken) is { } row && caller.Sees(name, row.Tenant)
            ? row
            : null;

    /// <summary>All versions of a model that the caller may know of, newest first.</summary>
    public async Task<IReadOnlyList<ModelRow>> ListVersionsAsync(string name, Caller caller, CancellationToken cancellationToken) =>
        (await QueryAsync(ModelSql.ListVersions, new { name }, cancellationToken)) is [var newest, ..] rows && caller.Sees(name, newest.Tenant)
            ? rows
            : [];

    /// <summary>The newest versions of models that the caller may know of, by name.</summary>
    /// <param name="after">The name after which to begin; null from the start.</param>
    public Task<IReadOnlyList<ModelRow>> ListAsync(string? after, int limit, Caller caller, CancellationToken cancellationToken) => QueryAsync(
        ModelSql.List,
        new { after, limit, caller.Tenant, names = caller.Datasets.Names, prefixes = caller.Datasets.Prefixes },
        cancellationToken);

    /// <summary>The models that a definition names, as far as the caller may know of them.</summary>
    /// <param name="body">What was sent.</param>
    public Task<ModelSources> ReadSourcesAsync(JsonElement body, Caller caller, CancellationToken cancellationToken) => ModelSources.ReadAsync(
        body,
        (name, version) => FindAsync(name, version, caller, cancellationToken),
        async () => [.. (await ListAsync(after: null, ModelsMax, caller, cancellationToken)).Select(row => row.Model)]);

    /// <summary>What is known of a file before it is tried: that somebody else has the name, or that it is there already.</summary>
    public Task<PutModel> LookAsync(string name, byte[] sha256, Caller caller, CancellationToken cancellationToken) => database.RunAsync(
        async (connection, token) => new PutModel(
            await connection.QuerySingleOrDefaultAsync<ModelRow>(Command(ModelSql.FindBySha256, new { name, sha256 }, token)),
            IsCreated: false,
            await ProblemOfNameAsync(connection, name, caller, token)),
        cancellationToken);

    /// <summary>Takes a file that was tried; one that is there already stays the version that it is.</summary>
    /// <param name="signature">What it was found to take and to give; null where it is known to be there.</param>
    public async Task<PutModel> PutAsync(
        string name, byte[] sha256, byte[] file, ModelSignature? signature, Caller caller, AuditActor actor, CancellationToken cancellationToken)
    {
        DateTimeOffset at = time.GetDatabaseNow();
        var entry = Guid.CreateVersion7(at);
        return await RunLongAsync(
            async (connection, token) =>
            {
                await using NpgsqlTransaction transaction = await connection.BeginTransactionAsync(token);
                await connection.ExecuteAsync(Command(DatasetSql.BoundLockWaits, null, token));
                await connection.ExecuteAsync(Command(ModelSql.Lock, new { name }, token));
                PutModel put = await PutOnceAsync(connection, new Put(name, sha256, file, signature, caller, at), token);
                if (put.Row is not { } row)
                {
                    return put;
                }

                var told = AuditEntry.Of(
                    actor, AuditActions.ModelPut, at, $"model/{name}", dataset: null, ("version", row.Version), ("isNew", put.IsCreated),
                    ("sha256", Convert.ToHexStringLower(sha256)), ("bytes", row.Bytes));
                await AuditWriter.WriteAsync(connection, [told with { Id = entry }], token);
                await connection.ExecuteAsync(Command(DurableCommit.Sql, null, token));
                FaultPoints.Reach(FaultPoint.ModelStoring);
                await transaction.CommitAsync(token);
                return put;
            },
            cancellationToken);
    }

    /// <summary>Removes a version that nobody uses.</summary>
    /// <returns>Null, or why it is still there.</returns>
    public Task<Problem?> DeleteAsync(string name, int version, Caller caller, AuditActor actor, CancellationToken cancellationToken)
    {
        DateTimeOffset at = time.GetDatabaseNow();
        return database.RunAsync(
            async (connection, token) =>
            {
                await using NpgsqlTransaction transaction = await connection.BeginTransactionAsync(token);
                await connection.ExecuteAsync(Command(DatasetSql.BoundLockWaits, null, token));
                await connection.ExecuteAsync(Command(ModelSql.Lock, new { name }, token));
                ModelRow? newest = await connection.QuerySingleOrDefaultAsync<ModelRow>(
                    Command(ModelSql.Find, new { name, version = (int?)null }, token));
                if (newest is null || !caller.Sees(name, newest.Tenant))
                {
                    return ModelProblems.NotFound(name);
                }

                if (await connection.ExecuteScalarAsync<int?>(Command(ModelSql.LockVersion, new { name, version }, token)) is null)
                {
                    return ModelProblems.VersionNotFound(name, version);
                }

                // By statements of their own: whoever has named or pinned it meanwhile is seen.
                if (await UsersOfAsync(connection, name, version, newest.Version == version, caller, token) is { } users)
                {
                    return ModelProblems.InUse(name, version, users);
                }

                await connection.ExecuteAsync(Command(ModelSql.DeleteVersion, new { name, version }, token));
                await AuditWriter.WriteAsync(
                    connection,
                    [AuditEntry.Of(actor, AuditActions.ModelDelete, at, $"model/{name}", dataset: null, ("version", version))],
                    token);
                await transaction.CommitAsync(token);
                return null;
            },
            cancellationToken);
    }

    /// <summary>The file of a version; null when it is not there any more. Waits for the database while that is away.</summary>
    public async Task<ModelFile?> ReadAsync(string name, int version, CancellationToken cancellationToken) =>
        await database.RunPatientlyAsync(
            async (connection, token) =>
            {
                if (await connection.QuerySingleOrDefaultAsync<ModelRow>(Command(ModelSql.Find, new { name, version }, token)) is not { } row)
                {
                    return null;
                }

                FaultPoints.Reach(FaultPoint.ModelReading);
                byte[]? file = await connection.ExecuteScalarAsync<byte[]>(
                    new CommandDefinition(ModelSql.ReadFile, new { name, version }, commandTimeout: 0, cancellationToken: token));
                return file is null ? null
                    : SHA256.HashData(file).AsSpan().SequenceEqual(row.Sha256) ? new ModelFile(file, row.ReadSignature())
                    : throw new InvalidDataException($"The file of model {name}@{version} is not the one that was taken.");
            },
            cancellationToken);

    /// <summary>Finds the version that a reference means, and keeps it from being deleted until the transaction ends.</summary>
    /// <returns>Null when there is none.</returns>
    internal static async Task<int?> HoldAsync(NpgsqlConnection connection, string name, int? version, CancellationToken cancellationToken) =>
        (await connection.QuerySingleOrDefaultAsync<ModelRow>(
            Command(ModelSql.FindAndHold, new { name, version }, cancellationToken)))?.Version;

    private static async Task<PutModel> PutOnceAsync(NpgsqlConnection connection, Put put, CancellationToken token)
    {
        if (await ProblemOfNameAsync(connection, put.Name, put.Caller, token) is { } taken)
        {
            return new PutModel(null, false, taken);
        }

        if (await connection.QuerySingleOrDefaultAsync<ModelRow>(Command(ModelSql.FindBySha256, new { put.Name, put.Sha256 }, token)) is { } known)
        {
            return new PutModel(known, false, null);
        }

        if (put.Signature is null)
        {
            return new PutModel(null, false, ModelProblems.Busy); // deleted since it was looked for
        }

        long versions = await connection.ExecuteScalarAsync<long>(Command(ModelSql.CountVersions, new { put.Name }, token));
        if (versions >= VersionsMax)
        {
            return new PutModel(null, false, ModelProblems.TooManyVersions(put.Name, VersionsMax));
        }

        if (versions == 0 && await connection.ExecuteScalarAsync<long>(Command(ModelSql.CountModels, new { put.Name }, token)) >= ModelsMax)
        {
            return new PutModel(null, false, ModelProblems.TooMany(ModelsMax));
        }

        Owner? owner = await connection.QuerySingleOrDefaultAsync<Owner>(Command(ModelSql.FindOwner, new { put.Name }, token));
        var values = new
        {
            put.Name,
            version = (owner?.LastVersion ?? 0) + 1,
            put.Sha256,
            bytes = put.File.Length,
            signature = ModelRow.Write(put.Signature),
            createdBy = put.Caller.Actor,
            now = put.At.UtcDateTime,
            put.File,
            put.Caller.Tenant,
        };
        await connection.ExecuteAsync(Command(ModelSql.Put, values, token));
        await connection.ExecuteAsync(new CommandDefinition(ModelSql.InsertVersion, values, commandTimeout: 0, cancellationToken: token));
        return new PutModel(
            new ModelRow(put.Name, values.version, put.Sha256, values.bytes, values.signature, values.createdBy, values.now, owner?.Tenant ?? put.Caller.Tenant),
            true,
            null);
    }

    private static async Task<Problem?> ProblemOfNameAsync(NpgsqlConnection connection, string name, Caller caller, CancellationToken token) =>
        await connection.QuerySingleOrDefaultAsync<Owner>(Command(ModelSql.FindOwner, new { name }, token)) is { } owner
        && !caller.Sees(name, owner.Tenant)
            ? ModelProblems.NameTaken(name)
            : null;

    /// <returns>Null when there are none; empty when there are some of whom the caller may not know.</returns>
    private static async Task<IReadOnlyCollection<string>?> UsersOfAsync(
        NpgsqlConnection connection, string name, int version, bool isNewest, Caller caller, CancellationToken token)
    {
        string @fixed = string.Create(CultureInfo.InvariantCulture, $"{name}@{version}");
        string vars = JsonSerializer.Serialize(new { @fixed, newest = isNewest ? name : @fixed });
        User[] users =
        [
            .. await connection.QueryAsync<User>(Command(ModelSql.FindDatasets, new { vars }, token)),
            .. await connection.QueryAsync<User>(Command(
                ModelSql.FindJobs, new { vars, version = version.ToString(CultureInfo.InvariantCulture), pinned = ModelPins.KeyOf(name) }, token)),
        ];
        return users.Length == 0 ? null :
        [
            .. users.Where(user => caller.Sees(user.Name ?? user.Dataset!, user.Tenant)).Take(10)
                .Select(user => user.Name is null ? $"job {user.Id}" : $"dataset \"{user.Name}\""),
        ];
    }

    private Task<IReadOnlyList<ModelRow>> QueryAsync(string sql, object values, CancellationToken cancellationToken) =>
        database.RunAsync<IReadOnlyList<ModelRow>>(
            async (connection, token) => [.. await connection.QueryAsync<ModelRow>(Command(sql, values, token))], cancellationToken);

    private async Task<T> RunLongAsync<T>(Func<NpgsqlConnection, CancellationToken, Task<T>> work, CancellationToken cancellationToken)
    {
        using CancellationTokenSource late = new(FileTimeMax, time);
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(late.Token, cancellationToken);
        try
        {
            return await database.RunPatientlyAsync(work, ended.Token);
        }
        catch (OperationCanceledException e) when (late.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            throw new DatabaseUnavailableException("The database cannot be reached or is too slow.", e);
        }
    }

    private static CommandDefinition Command(string sql, object? values, CancellationToken cancellationToken) =>
        new(sql, values, cancellationToken: cancellationToken);

    private sealed record Owner(string Name, string? Tenant, int LastVersion);

    private sealed record Put(string Name, byte[] Sha256, byte[] File, ModelSignature? Signature, Caller Caller, DateTimeOffset At);

    private sealed record User
    {
        public string? Name { get; init; }

        public Guid? Id { get; init; }

        public string? Dataset { get; init; }

        public string? Tenant { get; init; }
    }
}
