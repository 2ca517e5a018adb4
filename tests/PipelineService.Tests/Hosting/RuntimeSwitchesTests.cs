using System.IO.Compression;
using System.Net.Sockets;
using System.Text;
using PipelineService.Tests.Infrastructure;

namespace PipelineService.Tests.Hosting;

/// <summary>The switches of runtimeconfig.template.json, by what they prevent.</summary>
public sealed class RuntimeSwitchesTests(TestDatabase database) : IClassFixture<TestDatabase>
{
    [Fact]
    public void Half_a_gzip_file_is_a_fault_and_not_an_end()
    {
        using var compressed = new MemoryStream();
        using (var gzip = new GZipStream(compressed, CompressionLevel.Fastest, leaveOpen: true))
        {
            gzip.Write(new byte[100_000]);
        }

        using var half = new GZipStream(
            new MemoryStream(compressed.ToArray()[..(int)(compressed.Length / 2)]), CompressionMode.Decompress);

        Assert.Throws<InvalidDataException>(() => half.CopyTo(Stream.Null));
    }

    /// <summary>A proxy that reads a bare LF otherwise than we do lets a second request through inside of the first.</summary>
    [Fact]
    public async Task Header_lines_that_end_with_a_bare_LF_are_refused()
    {
        await using ServiceUnderTest service = await ServiceUnderTest.StartAsync(database.ConnectionString);
        Uri address = service.Client.BaseAddress!;

        Assert.StartsWith("HTTP/1.1 200", await AskAsync(address, "\r\n"), StringComparison.Ordinal);
        Assert.StartsWith("HTTP/1.1 400", await AskAsync(address, "\n"), StringComparison.Ordinal);
    }

    private static async Task<string> AskAsync(Uri address, string lineEnd)
    {
        CancellationToken cancellationToken = TestContext.Current.CancellationToken;
        using var client = new TcpClient();
        await client.ConnectAsync(address.Host, address.Port, cancellationToken);
        NetworkStream stream = client.GetStream();
        string request = $"GET /health/live HTTP/1.1\r\nHost: {address.Authority}{lineEnd}Connection: close\r\n\r\n";
        await stream.WriteAsync(Encoding.ASCII.GetBytes(request), cancellationToken);
        using var reader = new StreamReader(stream);
        return await reader.ReadToEndAsync(cancellationToken);
    }
}
