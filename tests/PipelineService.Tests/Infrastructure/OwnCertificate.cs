using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace PipelineService.Tests.Infrastructure;

/// <summary>A certificate that is its own authority, for a server of this machine, and its key: two PEM files.</summary>
internal sealed record OwnCertificate(string File, string KeyFile)
{
    public static async Task<OwnCertificate> MakeAsync(string host, string folder)
    {
        using var key = RSA.Create(2048);
        CertificateRequest request = new($"CN={host}", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        SubjectAlternativeNameBuilder names = new();
        names.AddDnsName(host);
        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: true, false, 0, critical: true));
        DateTimeOffset now = TimeProvider.System.GetUtcNow();
        using X509Certificate2 certificate = request.CreateSelfSigned(now.AddDays(-1), now.AddDays(1));
        OwnCertificate own = new(Path.Combine(folder, "certificate.pem"), Path.Combine(folder, "key.pem"));
        await System.IO.File.WriteAllTextAsync(own.File, certificate.ExportCertificatePem());
        await System.IO.File.WriteAllTextAsync(own.KeyFile, key.ExportPkcs8PrivateKeyPem());
        return own;
    }
}
