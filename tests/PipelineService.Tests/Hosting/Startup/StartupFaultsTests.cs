using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Npgsql;
using PipelineService.Tests.Infrastructure;

namespace PipelineService.Tests.Hosting.Startup;

/// <summary>The program itself, as an operator starts it: in Production, with whatever is wrong.</summary>
public sealed class StartupFaultsTests(TestDatabase database) : IClassFixture<TestDatabase>, IDisposable
{
    private const string NoDatabase = "--ConnectionStrings:Pipeline=Host=127.0.0.1;Port=1;Username=x;Database=x";
    private const string AnyPort = "--urls=http://127.0.0.1:0";

    private readonly TemporaryFolder _folder = new();

    [Fact]
    public async Task Wrong_settings_are_listed_once_and_together()
    {
        string error = await RefusedAsync(
            "--Hosting:PoolSizeMax=0", "--Hosting:Typo=1", "--urls=http://0.0.0.0:8080;localhost:8080", "--Write:SessionsMax=0",
            "--Write:LockTimeout=5min", "--Spool:QuotaBytes=100GB", "--Intake:LoadAfterBytes=1099511627776", "--Serilog:MinimumLevel:Default=Inf", "--Access:AllowAnonymos=true",
            "--ConnectionStrings:Pipeline=Host=db;Prt=5432", "--ConnectionStrings:Pipelin=Host=db");

        Assert.All(
            (string[])
            [
                "Hosting:PoolSizeMax = 0: ",
                "Hosting:Typo: there is no such setting. Hosting has",
                "Listening on http://0.0.0.0:8080 without keys would let everybody in.",
                "Listening on localhost:8080: that is not an address. Write it as http://127.0.0.1:8080",
                "Write:SessionsMax = 0: ",
                "Write:LockTimeout = 5min: must be a time, written [days.]hh:mm:ss[.fff], such as 00:00:20.",
                "Spool:QuotaBytes = 100GB: must be a whole number, without a unit.",
                "Intake:LoadAfterBytes = 1099511627776: must be at most 2147483647.",
                "Serilog:MinimumLevel:Default = Inf: must be one of Verbose, Debug, Information, Warning, Error, Fatal.",
                "Access:AllowAnonymos: there is no such setting. Did you mean \"AllowAnonymous\"?",
                "ConnectionStrings:Pipeline: There is no keyword \"prt\". Did you mean \"Port\"?",
                "ConnectionStrings:Pipelin: there is no such setting. Did you mean \"Pipeline\"?",
            ],
            fault => Assert.Equal(2, error.Split("  - " + fault).Length));
    }

    [Fact]
    public async Task Without_a_database_no_private_server_is_started_in_production()
    {
        string error = await RefusedAsync(AnyPort);

        Assert.Contains("ConnectionStrings:Pipeline: no database is configured. Write Host=db", error, StringComparison.Ordinal);
        Assert.Contains(
            "--environment Development, --demo or Hosting:PrivateServer=true", error, StringComparison.Ordinal);
        Assert.Empty(Directory.EnumerateFileSystemEntries(_folder.Path));
    }

    [Fact]
    public async Task A_misspelt_section_in_the_environment_is_named()
    {
        string error = await RefusedAsync(
            [AnyPort], ("ConnectionString__Pipeline", "Host=db"), ("Hostin__PoolSizeMax", "9"), ("Gostly__Thing", "1"),
            ("OTEL_EXPORTER_OTLP_ENDPOINT", "localhost:4317"));

        Assert.Contains("ConnectionString: there is no such section. Did you mean \"ConnectionStrings\"?", error, StringComparison.Ordinal);
        Assert.Contains("Hostin: there is no such section. Did you mean \"Hosting\"?", error, StringComparison.Ordinal);
        Assert.Contains("OTEL_EXPORTER_OTLP_ENDPOINT = localhost:4317: must be an http or https address", error, StringComparison.Ordinal);
        Assert.DoesNotContain("Gostly", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_folder_without_PostgreSQL_is_named() => Assert.Contains(
        "PipelineService cannot start. Hosting:PostgresBinaries is",
        await RefusedAsync("--Hosting:PrivateServer=true", $"--Hosting:PostgresBinaries={Path.GetTempPath()}", AnyPort),
        StringComparison.Ordinal);

    [Fact]
    public async Task A_spool_that_cannot_be_used_is_named()
    {
        string spool = BelowAFile();

        string error = await RefusedAsync($"--Spool:Directory={spool}", NoDatabase, AnyPort);

        Assert.Contains(
            $"PipelineService cannot start. Spool:Directory is {spool}, and {Environment.UserName} cannot use it",
            error,
            StringComparison.Ordinal);
        Assert.Contains("set Spool:Directory to a folder", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_data_folder_that_cannot_be_used_is_named()
    {
        string data = BelowAFile();

        string error = await RefusedAsync(
            "--Hosting:PrivateServer=true", $"--Hosting:DataDirectory={data}", $"--Spool:Directory={_folder.Path}/spool", AnyPort);

        Assert.Contains(
            $"PipelineService cannot start. Hosting:DataDirectory is {data}, and {Environment.UserName} cannot use it",
            error,
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_port_that_is_taken_is_one_sentence()
    {
        using TcpListener taken = new(IPAddress.Loopback, 0);
        taken.Start();
        int port = ((IPEndPoint)taken.LocalEndpoint).Port;

        string error = await RefusedAsync($"--ConnectionStrings:Pipeline={database.ConnectionString}", $"--urls=http://127.0.0.1:{port}");

        Assert.Contains($"127.0.0.1:{port}: address already in use. Choose another address: --urls", error, StringComparison.Ordinal);
        Assert.DoesNotContain(" FTL ", error, StringComparison.Ordinal);
        Assert.DoesNotContain(" ERR ", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_missing_database_is_named()
    {
        NpgsqlConnectionStringBuilder missing = new(database.ConnectionString) { Database = "nowhere" };

        string error = await RefusedAsync($"--ConnectionStrings:Pipeline={missing}", AnyPort);

        Assert.Contains("has no such database: database \"nowhere\" does not exist (SQLSTATE 3D000)", error, StringComparison.Ordinal);
        Assert.Contains("or correct the name in ConnectionStrings:Pipeline.", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_login_that_is_refused_is_named()
    {
        NpgsqlConnectionStringBuilder stranger = new(database.ConnectionString) { Username = "nobody_knows", Password = "geheim" };

        string error = await RefusedAsync([AnyPort], ("DATABASE_URL", stranger.ConnectionString));

        Assert.Contains("does not let the service in: ", error, StringComparison.Ordinal);
        Assert.Contains("(SQLSTATE 28", error, StringComparison.Ordinal);
        Assert.Contains("Correct user and password in DATABASE_URL", error, StringComparison.Ordinal);
        Assert.DoesNotContain("geheim", error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--help", 0, "dotnet PipelineService.dll [options]")]
    [InlineData("--demoo", 2, "Did you mean \"--demo\"?")]
    public async Task The_command_line_is_answered_before_anything_starts(string argument, int exitCode, string answer)
    {
        (int ended, string text) = await RunAsync([argument]);

        Assert.Equal(exitCode, ended);
        Assert.Contains(answer, text, StringComparison.Ordinal);
        Assert.Empty(Directory.EnumerateFileSystemEntries(_folder.Path));
    }

    public void Dispose() => _folder.Dispose();

    /// <summary>There can be no folder, not even for root.</summary>
    private string BelowAFile()
    {
        string file = Path.Combine(_folder.Path, "a-file");
        File.WriteAllText(file, "");
        return Path.Combine(file, "folder");
    }

    private Task<string> RefusedAsync(params string[] arguments) => RefusedAsync(arguments, []);

    /// <summary>An end with the exit code of operators' faults, and without a stack.</summary>
    private async Task<string> RefusedAsync(string[] arguments, params (string Name, string Value)[] variables)
    {
        (int exitCode, string text) = await RunAsync([$"--Hosting:DataDirectory={_folder.Path}", .. arguments], variables);

        Assert.Equal((2, text), (exitCode, text));
        Assert.Contains("PipelineService cannot start. ", text, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", text, StringComparison.Ordinal);
        return text;
    }

    private async Task<(int ExitCode, string Text)> RunAsync(string[] arguments, params (string Name, string Value)[] variables)
    {
        string program = Path.Combine(AppContext.BaseDirectory, "PipelineService.dll");
        using var process = new Process
        {
            StartInfo = new ProcessStartInfo("dotnet", [program, .. arguments])
            {
                WorkingDirectory = _folder.Path,
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            },
        };
        foreach (string name in (string[])["ConnectionStrings__Pipeline", "DATABASE_URL", "ASPNETCORE_ENVIRONMENT", "DOTNET_ENVIRONMENT"])
        {
            process.StartInfo.Environment.Remove(name);
        }

        foreach ((string name, string value) in variables)
        {
            process.StartInfo.Environment[name] = value;
        }

        process.Start();
        Task<string> output = process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        string error = await process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        return (process.ExitCode, await output + error);
    }
}
