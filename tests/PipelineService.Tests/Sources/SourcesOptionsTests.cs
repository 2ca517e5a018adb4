using PipelineService.Hosting.Startup;
using PipelineService.Tests.Infrastructure;

namespace PipelineService.Tests.Sources;

/// <summary>What is wrong with the settings is told when the service starts, all of it at once.</summary>
public sealed class SourcesOptionsTests(TestDatabase database) : IClassFixture<TestDatabase>
{
    [Fact]
    public async Task All_faults_are_told_at_the_start()
    {
        Exception fault = await Assert.ThrowsAnyAsync<Exception>(() => ServiceUnderTest.StartAsync(
            database.ConnectionString,
            [
                ("Sources:SourcesMax", "0"), ("Sources:RememberFor", "01:00:00"), ("Sources:PollInterval", "00:00:00.01"), ("Sources:Folders:relative", "data/incoming"),
                ("Sources:Folders:all", "/"), ("Sources:Folders:bad name", "/data"), ("Sources:Folder:incoming", "/data"),
                ("Sources:Brokers:http:Address", "http://broker"), ("Sources:Brokers:let_in:Address", "nats://user:secret@broker"),
                ("Sources:Brokers:both:Address", "amqp://broker"), ("Sources:Brokers:both:Token", "t"), ("Sources:Brokers:both:User", "u"),
                ("Sources:Brokers:both:Timeout", "00:00:00.1"), ("Sources:Brokers:both:AuthorityFile", "/none/ca.pem"),
            ]));

        string told = StartupFaults.Describe(fault)!;
        foreach (string setting in (string[])
        ["Sources:SourcesMax", "Sources:RememberFor", "Sources:PollInterval", "Sources:Folders:relative", "Sources:Folders:all", "Sources:Folders:bad name", "Sources:Folder: there is no such",
            "Sources:Brokers:http:Address", "Sources:Brokers:let_in:Address", "Sources:Brokers:both:Token", "Sources:Brokers:both:User",
            "Sources:Brokers:both:Password", "Sources:Brokers:both:Timeout", "Sources:Brokers:both:AuthorityFile"])
        {
            Assert.Contains(setting, told, StringComparison.Ordinal);
        }
    }
}
