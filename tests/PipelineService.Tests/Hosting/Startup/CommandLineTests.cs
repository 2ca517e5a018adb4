using PipelineService.Hosting.Startup;

namespace PipelineService.Tests.Hosting.Startup;

public sealed class CommandLineTests
{
    [Theory]
    [InlineData("--help")]
    [InlineData("-h")]
    [InlineData("--urls", "http://127.0.0.1:1", "--help")]
    public void Help_is_answered_instead_of_a_start(params string[] args)
    {
        (string text, int exitCode) = CommandLine.Answer(args)!.Value;

        Assert.Equal(0, exitCode);
        Assert.Contains("--demo", text, StringComparison.Ordinal);
        Assert.Contains("--ConnectionStrings:Pipeline", text, StringComparison.Ordinal);
    }

    [Fact]
    public void Version_is_answered_instead_of_a_start()
    {
        (string text, int exitCode) = CommandLine.Answer(["--version"])!.Value;

        Assert.Equal(0, exitCode);
        Assert.Matches(@"^\d+\.\d+", text);
    }

    [Theory]
    [InlineData("There is no option \"--demoo\". Did you mean \"--demo\"?", "--demoo")]
    [InlineData("There is no option \"demo\". Did you mean \"--demo\"?", "demo")]
    [InlineData("There is no option \"--demo\". Did you mean \"--demo\"?", "--demo=true")]
    [InlineData("There is no option \"--port\". The address to listen on is --urls", "--port", "9000")]
    [InlineData("There is no option \"-p\". The address to listen on is --urls", "-p", "9000")]
    [InlineData("There is no option \"/data/readings.csv\". --help", "/data/readings.csv")]
    [InlineData("There is no option \"--Hostin:PoolSizeMax\". Did you mean \"--Hosting:PoolSizeMax\"?", "--Hostin:PoolSizeMax=9")]
    [InlineData("There is no option \"--Spool__Directory\". Did you mean \"--Spool:Directory\"?", "--Spool__Directory", "/data")]
    [InlineData("There is no option \"--url\". The address", "--demo", "--url", "http://127.0.0.1:1")]
    [InlineData("There is no option \"9000\".", "--demo", "9000")]
    [InlineData("--urls needs a value: --urls VALUE.", "--urls")]
    [InlineData("--urls needs a value: --urls VALUE.", "--urls", "--demo")]
    public void What_is_unknown_or_lacks_its_value_is_refused(string sentence, params string[] args)
    {
        (string text, int exitCode) = CommandLine.Answer(args)!.Value;

        Assert.Equal(2, exitCode);
        Assert.StartsWith("PipelineService cannot start. " + sentence, text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData]
    [InlineData("--demo", "--urls", "http://127.0.0.1:1")]
    [InlineData("--urls=http://127.0.0.1:1", "--environment", "Development", "--demo")]
    [InlineData("--spool:directory", "/data", "--Kestrel:Endpoints:A:Url=http://127.0.0.1:1", "--health-check")]
    [InlineData("--Serilog:MinimumLevel:Override:Npgsql=Debug", "Hosting:PoolSizeMax=9", "/Jobs:PageSize", "7")]
    [InlineData("--applicationName=PipelineService")]
    public void What_is_known_starts_the_service(params string[] args) => Assert.Null(CommandLine.Answer(args));

    /// <summary>One options class for a stage, named after it.</summary>
    [Fact]
    public void Every_stage_with_settings_is_a_known_section()
    {
        string[] sections =
        [
            .. from type in typeof(PipelineServiceBuilder).Assembly.GetTypes()
               where type.Name == type.Namespace?.Split('.')[^1] + "Options"
               select type.Name[..^"Options".Length],
        ];

        Assert.NotEmpty(sections);
        Assert.All(sections, section => Assert.Contains(section, SettingNames.Sections));
    }
}
