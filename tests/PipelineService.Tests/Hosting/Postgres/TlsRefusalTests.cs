using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Npgsql;
using PipelineService.Hosting.Postgres;
using PipelineService.Hosting.Startup;

namespace PipelineService.Tests.Hosting.Postgres;

/// <summary>What a start says of a database with which no encrypted connection comes about: that does not pass by waiting.</summary>
public sealed class TlsRefusalTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_certificate_of_nobody_known_is_named()
    {
        string? refusal = await RefusalAsync(async stream =>
        {
            using X509Certificate2 certificate = SelfSigned();
            await stream.WriteAsync("S"u8.ToArray(), Token);
            await using SslStream tls = new(stream);
            await tls.AuthenticateAsServerAsync(certificate);
            await tls.ReadExactlyAsync(new byte[1], Token);
        });

        Assert.StartsWith("The certificate of 127.0.0.1:", refusal, StringComparison.Ordinal);
        Assert.Contains("Name the authority that issued it in ConnectionStrings:Pipeline (Root Certificate=…)", refusal, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_server_without_TLS_is_named()
    {
        string? refusal = await RefusalAsync(stream => stream.WriteAsync("N"u8.ToArray(), Token).AsTask());

        Assert.Contains("offers no TLS, which ConnectionStrings:Pipeline asks for. Switch it on there", refusal, StringComparison.Ordinal);
    }

    /// <param name="answer">What the server does after it was asked for TLS.</param>
    private static async Task<string?> RefusalAsync(Func<NetworkStream, Task> answer)
    {
        using TcpListener listener = new(IPAddress.Loopback, 0);
        listener.Start();
        string text = $"Host=127.0.0.1;Port={((IPEndPoint)listener.LocalEndpoint).Port};Username=x;Database=x;SSL Mode=VerifyFull;Pooling=false";
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Token);
        Task serving = ServeAsync(listener, answer, stop.Token);
        await using NpgsqlConnection connection = new(text);

        NpgsqlException fault = await Assert.ThrowsAnyAsync<NpgsqlException>(() => connection.OpenAsync(Token));

        await stop.CancelAsync();
        await serving.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return DatabaseRefusal.Describe(fault, DatabaseAddress.Of(new Microsoft.Extensions.Configuration.ConfigurationManager
        {
            [DatabaseAddress.Setting] = text,
        }));
    }

    /// <summary>Again and again: the driver tries a second time.</summary>
    private static async Task ServeAsync(TcpListener listener, Func<NetworkStream, Task> answer, CancellationToken stop)
    {
        while (true)
        {
            using TcpClient client = await listener.AcceptTcpClientAsync(stop);
            await using NetworkStream stream = client.GetStream();
            try
            {
                await stream.ReadExactlyAsync(new byte[8], stop); // SSLRequest
                await answer(stream);
            }
            catch (Exception e) when (e is IOException or AuthenticationException)
            {
                // The client has hung up.
            }
        }
    }

    private static X509Certificate2 SelfSigned()
    {
        using var key = RSA.Create(2048);
        CertificateRequest request = new("CN=nobody", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        DateTimeOffset now = TimeProvider.System.GetUtcNow();
        return request.CreateSelfSigned(now.AddDays(-1), now.AddDays(1));
    }
}
