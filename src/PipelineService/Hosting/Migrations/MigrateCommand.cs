using System.Globalization;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using PipelineService.Hosting.Postgres;
using PipelineService.Hosting.Startup;

namespace PipelineService.Hosting.Migrations;

/// <summary>
/// <c>PipelineService migrate</c>: brings the schema to this version by a role that owns it, and lets another role run the service, so that
/// the service itself runs with a role that owns nothing of it.
/// </summary>
internal static class MigrateCommand
{
    public const string Word = "migrate";

    private const string Grant = "--grant";

    private const string Usage = """
        PipelineService migrate [--grant ROLE] [settings]
          brings the schema "pipeline" of the database to this version, and ends; the role of the connection owns it, or makes it
          --grant    a role that is to run the service: it gets what it needs of the schema, and no more. Say it each time
        The database is that of --ConnectionStrings:Pipeline or DATABASE_URL. Exit code 0: done. 2: not, and the error says why.
        """;

    public static bool IsAskedFor(string[] args) => args is [Word, ..];

    /// <returns>The exit code.</returns>
    public static async Task<int> RunAsync(string[] args, TextWriter output, TextWriter errors, CancellationToken cancellationToken)
    {
        if (args.Any(argument => argument is "--help" or "-h" or "-?"))
        {
            await output.WriteLineAsync(Usage);
            return 0;
        }

        if (Read(args, out string? role, out string[] settings) is { } fault)
        {
            return await RefuseAsync(errors, $"{fault} PipelineService migrate --help shows what there is.");
        }

        IConfiguration configuration = WebApplication.CreateBuilder(
            new WebApplicationOptions { Args = settings, ContentRootPath = AppContext.BaseDirectory }).Configuration;
        var address = DatabaseAddress.Of(configuration);
        if (address.ConnectionString is not { } connectionString)
        {
            return await RefuseAsync(
                errors, address.Fault ?? $"No database is configured: {DatabaseAddress.Setting}. {DatabaseAddress.Forms}");
        }

        try
        {
            await using var database = NpgsqlDataSource.Create(connectionString);
            await using NpgsqlConnection connection = await database.OpenConnectionAsync(cancellationToken);
            int steps = await new Migrator(Migration.All, TimeProvider.System, NullLogger<Migrator>.Instance)
                .MigrateAsync(connection, cancellationToken);
            await output.WriteLineAsync(string.Create(
                CultureInfo.InvariantCulture, $"The schema is at step {Migration.All.Count}; {steps} of them were made now."));
            await GrantAsync(connection, role, output, cancellationToken);
            return 0;
        }
        catch (StartupException e)
        {
            return await RefuseAsync(errors, e.Message);
        }
        catch (Exception e) when (DatabaseRefusal.Describe(e, address) is { } refusal)
        {
            return await RefuseAsync(errors, refusal);
        }
        catch (Exception e) when (e is NpgsqlException or IOException or TimeoutException)
        {
            return await RefuseAsync(errors, $"The database {address.Text} cannot be used: {e.Message}");
        }
    }

    private static async Task GrantAsync(NpgsqlConnection connection, string? role, TextWriter output, CancellationToken cancellationToken)
    {
        if (role is null)
        {
            return;
        }

        // Together, so that at no time the role may change what it should not.
        await using NpgsqlTransaction transaction = await connection.BeginTransactionAsync(cancellationToken);
        await using NpgsqlCommand grant = new(ServiceGrants.To(role), connection);
        await grant.ExecuteNonQueryAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        await output.WriteLineAsync(
            $"The role {role} may run the service. It needs rights in the schemas of the data too: docs/operations.md.");
    }

    /// <returns>What is wrong with the command line, or null.</returns>
    private static string? Read(string[] args, out string? role, out string[] settings)
    {
        role = null;
        List<string> rest = [];
        string[] words = [.. args.Skip(1).SelectMany(argument =>
            argument.StartsWith(Grant + '=', StringComparison.Ordinal) ? argument.Split('=', 2) : [argument])];
        settings = [];
        for (int i = 0; i < words.Length; i++)
        {
            if (words[i] != Grant)
            {
                rest.Add(words[i]);
            }
            else if (++i < words.Length && words[i].Length > 0 && !words[i].StartsWith("--", StringComparison.Ordinal))
            {
                role = words[i];
            }
            else
            {
                return $"{Grant} needs the name of a role: {Grant} pipeline.";
            }
        }

        settings = [.. rest];
        return CommandLine.Answer(settings) is (var text, not 0) ? text : null;
    }

    private static async Task<int> RefuseAsync(TextWriter errors, string fault)
    {
        await errors.WriteLineAsync(fault);
        return StartupFaults.ExitCode;
    }
}
