using Dapper;
using Npgsql;
using PipelineService.Access;
using PipelineService.Core.Scoring;
using PipelineService.Hosting.Http;

namespace PipelineService.Datasets.Models;

/// <summary>A file that is to be a version of a model.</summary>
/// <param name="Signature">What it was found to take and to give; null where it is known to be there.</param>
internal sealed record ModelPut(
    string Name, byte[] Sha256, byte[] File, ModelSignature? Signature, Caller Caller, DateTimeOffset At)
{
    /// <summary>The statements of a PUT, in a transaction of the caller's that holds the model's lock.</summary>
    public static async Task<PutModel> RunAsync(NpgsqlConnection connection, ModelPut put, CancellationToken token)
    {
        if (await ProblemOfNameAsync(connection, put.Name, put.Caller, token) is { } taken)
        {
            return new PutModel(null, false, taken);
        }

        if (await connection.QuerySingleOrDefaultAsync<ModelRow>(
            Command(ModelSql.FindBySha256, new { put.Name, put.Sha256 }, token)) is { } known)
        {
            return new PutModel(known, false, null);
        }

        if (put.Signature is null)
        {
            return new PutModel(null, false, ModelProblems.Busy); // deleted since it was looked for
        }

        long versions = await connection.ExecuteScalarAsync<long>(Command(ModelSql.CountVersions, new { put.Name }, token));
        if (versions >= ModelStore.VersionsMax)
        {
            return new PutModel(null, false, ModelProblems.TooManyVersions(put.Name, ModelStore.VersionsMax));
        }

        if (versions == 0
            && await connection.ExecuteScalarAsync<long>(Command(ModelSql.CountModels, new { put.Name }, token)) >= ModelStore.ModelsMax)
        {
            return new PutModel(null, false, ModelProblems.TooMany(ModelStore.ModelsMax));
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
            new ModelRow(
                put.Name, values.version, put.Sha256, values.bytes, values.signature, values.createdBy, values.now,
                owner?.Tenant ?? put.Caller.Tenant),
            true,
            null);
    }

    /// <summary>Why the caller cannot have a name; null when they can.</summary>
    public static async Task<Problem?> ProblemOfNameAsync(
        NpgsqlConnection connection, string name, Caller caller, CancellationToken token) =>
        await connection.QuerySingleOrDefaultAsync<Owner>(Command(ModelSql.FindOwner, new { name }, token)) is { } owner
        && !caller.Sees(name, owner.Tenant)
            ? ModelProblems.NameTaken(name)
            : null;

    private static CommandDefinition Command(string sql, object? values, CancellationToken cancellationToken) =>
        new(sql, values, cancellationToken: cancellationToken);

    private sealed record Owner(string Name, string? Tenant, int LastVersion);
}
