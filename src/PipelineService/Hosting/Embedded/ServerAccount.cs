using System.Security.Cryptography;
using System.Text;
using PipelineService.Hosting.Startup;

namespace PipelineService.Hosting.Embedded;

/// <summary>
/// The operating system's user that the private server runs as. PostgreSQL refuses to be root, and containers and small
/// machines often are: then it is <c>postgres</c> where that user exists, else <c>nobody</c>.
/// </summary>
internal sealed class ServerAccount
{
    private static readonly string[] Candidates = ["postgres", "_postgres", "nobody"];

    private ServerAccount(string? name) => Name = name;

    /// <summary>Null: the user that runs the service.</summary>
    public string? Name { get; }

    public static async Task<ServerAccount> ChooseAsync(CancellationToken cancellationToken)
    {
        // On Windows pg_ctl itself gives up an administrator's rights.
        if (OperatingSystem.IsWindows() || !Environment.IsPrivilegedProcess)
        {
            return new ServerAccount(null);
        }

        foreach (string name in Candidates)
        {
            if ((await ServerCommand.RunAsync("id", ["-u", name], cancellationToken)).Succeeded)
            {
                return new ServerAccount(name);
            }
        }

        throw new StartupException(
            "PostgreSQL refuses to run as root, and there is neither a user 'postgres' nor 'nobody' to run it as. "
            + "Start the service as another user, or configure a database: ConnectionStrings__Pipeline.");
    }

    /// <summary>
    /// The folder itself, or when the account may not pass one of the folders above it (a checkout under <c>/root</c>) a
    /// folder of the system that stands for it.
    /// </summary>
    public async Task<string> ReachableAsync(string directory, CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(directory);
        if (Name is null || await CanEnterAsync(directory, cancellationToken))
        {
            return directory;
        }

        string key = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(directory)))[..16];
        string instead = Path.Combine("/var/lib/pipeline-service", key);
        Directory.CreateDirectory(instead);
        return await CanEnterAsync(instead, cancellationToken)
            ? instead
            : throw new StartupException(
                $"PostgreSQL runs as the user '{Name}', who may enter neither {directory} nor {instead}. "
                + "Name a folder that everybody may enter: Hosting__DataDirectory.");
    }

    /// <summary>Makes a file or an empty folder the account's own.</summary>
    public async Task OwnAsync(string path, CancellationToken cancellationToken)
    {
        if (Name is null)
        {
            return;
        }

        CommandResult chown = await ServerCommand.RunAsync("chown", [Name, path], cancellationToken);
        if (!chown.Succeeded)
        {
            throw new StartupException($"Could not give {path} to the user '{Name}': {chown.Output}");
        }
    }

    private async Task<bool> CanEnterAsync(string directory, CancellationToken cancellationToken) =>
        (await ServerCommand.RunAsync("/bin/sh", ["-c", "cd \"$1\"", "sh", directory], cancellationToken, Name)).Succeeded;
}
