// What an expression of a policy may use of API Management, by its documentation; nothing here runs.
// https://learn.microsoft.com/azure/api-management/api-management-policy-expressions#ContextVariables
using System;
using System.Collections.Generic;
using System.Security.Cryptography.X509Certificates;

public interface IContext
{
    IApi Api { get; }
    IDeployment Deployment { get; }
    TimeSpan Elapsed { get; }
    ILastError LastError { get; }
    IOperation Operation { get; }
    IRequest Request { get; }
    Guid RequestId { get; }
    IResponse Response { get; }
    ISubscription Subscription { get; }
    DateTime Timestamp { get; }
    bool Tracing { get; }
    IUser User { get; }
    IReadOnlyDictionary<string, object> Variables { get; }
    void Trace(string message);
}

public interface IApi
{
    string Id { get; }
    bool IsCurrentRevision { get; }
    string Name { get; }
    string Path { get; }
    string Revision { get; }
    IUrl ServiceUrl { get; }
    string Version { get; }
}

public interface IDeployment
{
    string GatewayId { get; }
    string Region { get; }
    string ServiceName { get; }
    IReadOnlyDictionary<string, X509Certificate2> Certificates { get; }
}

public interface ILastError
{
    string Source { get; }
    string Reason { get; }
    string Message { get; }
    string Scope { get; }
    string Section { get; }
    string Path { get; }
    string PolicyId { get; }
}

public interface IOperation
{
    string Id { get; }
    string Method { get; }
    string Name { get; }
    string UrlTemplate { get; }
}

public interface IRequest
{
    IMessageBody Body { get; }
    X509Certificate2 Certificate { get; }
    IReadOnlyDictionary<string, string[]> Headers { get; }
    string IpAddress { get; }
    IReadOnlyDictionary<string, string> MatchedParameters { get; }
    string Method { get; }
    IUrl OriginalUrl { get; }
    IUrl Url { get; }
}

public interface IResponse
{
    IMessageBody Body { get; }
    IReadOnlyDictionary<string, string[]> Headers { get; }
    int StatusCode { get; }
    string StatusReason { get; }
}

public interface ISubscription
{
    DateTime CreatedDate { get; }
    DateTime? EndDate { get; }
    string Id { get; }
    string Key { get; }
    string Name { get; }
    string PrimaryKey { get; }
    string SecondaryKey { get; }
    DateTime? StartDate { get; }
}

public interface IUser
{
    string Email { get; }
    string FirstName { get; }
    string Id { get; }
    string LastName { get; }
    string Note { get; }
    DateTime RegistrationDate { get; }
}

public interface IUrl
{
    string Host { get; }
    string Path { get; }
    int Port { get; }
    IReadOnlyDictionary<string, string[]> Query { get; }
    string QueryString { get; }
    string Scheme { get; }
}

public interface IMessageBody
{
    T As<T>(bool preserveContent = false);
}

public abstract class Jwt
{
    public abstract string Algorithm { get; }
    public abstract IEnumerable<string> Audiences { get; }
    public abstract IReadOnlyDictionary<string, string[]> Claims { get; }
    public abstract DateTime? ExpirationTime { get; }
    public abstract string Id { get; }
    public abstract string Issuer { get; }
    public abstract DateTime? IssuedAt { get; }
    public abstract DateTime? NotBefore { get; }
    public abstract string Subject { get; }
    public abstract string Type { get; }
}

public abstract class BasicAuthCredentials
{
    public abstract string Password { get; }
    public abstract string UserId { get; }
}

public static class ContextExtensions
{
    // For headers, query parameters and claims.
    public static string GetValueOrDefault(this IReadOnlyDictionary<string, string[]> values, string name, string defaultValue) => throw new NotImplementedException();
    public static T GetValueOrDefault<T>(this IReadOnlyDictionary<string, object> variables, string name, T defaultValue) => throw new NotImplementedException();
    public static BasicAuthCredentials AsBasic(this string input) => throw new NotImplementedException();
    public static bool TryParseBasic(this string input, out BasicAuthCredentials result) => throw new NotImplementedException();
    public static Jwt AsJwt(this string input) => throw new NotImplementedException();
    public static bool TryParseJwt(this string input, out Jwt result) => throw new NotImplementedException();
}
