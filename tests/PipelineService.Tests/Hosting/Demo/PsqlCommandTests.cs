using PipelineService.Hosting.Demo;

namespace PipelineService.Tests.Hosting.Demo;

public sealed class PsqlCommandTests
{
    [Theory]
    [InlineData("/srv/pipeline/postgres", "/srv/pipeline/postgres")]
    [InlineData("/home/Łódź données proj/postgres", "'/home/Łódź données proj/postgres'")]
    [InlineData("/home/it's/$HOME", @"'/home/it'\''s/$HOME'")]
    public void Is_one_that_a_shell_takes_as_it_is_meant(string folder, string word) => Assert.Equal(
        $"psql -h {word} -p 5432 -U pipeline -d pipeline -c \"SELECT 1\"",
        PsqlCommand.For($"Host={folder};Username=pipeline;Password=secret;Database=pipeline", "SELECT 1"));
}
